/**
 * The streams that deliver to this service. They are recognized by the end of their address, because a proxy may add a
 * prefix. Only the first finding is reported, since the others would follow from it.
 *
 * | the log stream                                       | finding              | level   |
 * |------------------------------------------------------|----------------------|---------|
 * | none is a webhook for this tenant                     | STREAM_MISSING       | warning |
 * | one is, and delivers somewhere else                   | STREAM_ELSEWHERE     | error   |
 * | where it delivers, something else answers             | STREAM_ELSEWHERE     | error   |
 * | suspended by Auth0, or paused by a person             | STREAM_SUSPENDED, STREAM_PAUSED | error |
 * | delivers prioritised events only                      | STREAM_PRIORITY      | error   |
 * | sends an authorization that is none of our tokens     | STREAM_TOKEN         | error   |
 * | filters leave sign-ups or changes out                 | STREAM_FILTERS       | error   |
 * | filters leave out other sources of users              | STREAM_FILTERS       | warning |
 * | says that its body is compressed                      | STREAM_ENCODING      | error   |
 */
import { deliversTo } from '../engine/intake/stream-status.ts';
import { authorizationCheck } from '../http/authorization.ts';
import type { TenantId } from '../identity.ts';
import type { EndpointAnswer, InspectedEventStream, InspectedLogStream } from '../ports/inspection.ts';
import { type Check, type Finding, found, idOf, type Seen, well } from './check.ts';
import type { ExaminedTenant } from './tenant.ts';

/** Sign-ups, verifications and changes by the user, changes by an administrator. */
const NEEDED_FILTERS = ['auth.signup.success', 'user.success', 'management.success'];
/** First logins, lifted blocks, SCIM, imports. */
const USEFUL_FILTERS = ['auth.login.success', 'user.notification', 'scim.event', 'other'];
const EVENT_TYPES = ['user.created', 'user.updated', 'user.deleted'];
const PAGE = 'In Auth0: Monitoring > Streams';

export function streamChecks(tenant: ExaminedTenant): readonly Check[] {
  const { id, auth0 } = tenant;
  const needs = [idOf({ name: 'auth0', tenant: id })];
  return [
    {
      name: 'log stream',
      tenant: id,
      needs: [...needs, 'configuration of log tokens'],
      run: async () => {
        const streams = await auth0().logStreams();
        if (streams === 'forbidden') return well('not visible without read:log_streams');
        const endpoint = ownStream(id, streams)?.endpoint;
        const answer = endpoint === undefined ? NOBODY : await tenant.askEndpoint(endpoint);
        return judgeLogStreams(id, streams, tenant.logTokens(), answer);
      },
    },
    {
      name: 'event stream',
      tenant: id,
      needs,
      run: async () => {
        if (tenant.eventTokens.length === 0) return well('none is configured');
        const streams = await auth0().eventStreams();
        if (streams === 'forbidden') return well('not visible without read:event_streams');
        return judgeEventStreams(id, streams);
      },
    },
  ];
}

const NOBODY: EndpointAnswer = { by: 'nobody' };

/** By the end of its address; of several, an active one counts. */
function ownStream(tenant: TenantId, streams: readonly InspectedLogStream[]): InspectedLogStream | undefined {
  const ours = streams.filter(({ endpoint }) => endpoint !== undefined && deliversTo(endpoint, tenant));
  return ours.find(({ status }) => status === 'active') ?? ours[0];
}

export function judgeLogStreams(
  tenant: TenantId,
  streams: readonly InspectedLogStream[],
  tokens: readonly string[],
  answer: EndpointAnswer,
): Seen {
  const path = `/webhooks/auth0/${tenant}`;
  const stream = ownStream(tenant, streams);
  if (stream === undefined) return judgeOthers(path, streams);
  const isHidden = stream.authorization === undefined || /^[*•.\s]*$/.test(stream.authorization);
  const name = stream.name === '' ? stream.id : stream.name;
  const hidden = isHidden ? '; Auth0 hides its token, which is not compared' : '';
  return found(
    `${name}, ${stream.status}${answer.by === 'nobody' ? ', where no process answers yet' : ''}${hidden}`,
    ...[
      answeredByAnother(stream, path, answer),
      standing(stream, name),
      isHidden || authorizationCheck(tokens)(stream.authorization) ? undefined : wrongToken(name, tokens),
      filtered(stream, name),
      encoded(stream, name),
    ].flatMap((finding) => finding ?? []),
  );
}

function judgeOthers(path: string, streams: readonly InspectedLogStream[]): Seen {
  const near = streams.find(
    ({ endpoint }) => endpoint !== undefined && addressOf(endpoint).includes('/webhooks/auth0'),
  );
  if (near?.endpoint !== undefined)
    return found('elsewhere', {
      level: 'error',
      code: 'STREAM_ELSEWHERE',
      what: `The log stream delivers to ${addressOf(near.endpoint)}, which does not end in ${path}.`,
      why: 'Its entries are refused, or ingested for another tenant.',
      mend: `${PAGE} > Settings: set the payload URL to https://your-host${path}`,
    });
  return found('none', {
    level: 'warning',
    code: 'STREAM_MISSING',
    what: `No log stream delivers to ${path}.`,
    why: 'A sign-up is noticed when the log is read, every few minutes, instead of within a second.',
    mend: `${PAGE} > Create Stream > Custom Webhook: https://your-host${path}, with the token as Authorization.`,
  });
}

function answeredByAnother(
  { endpoint = '' }: InspectedLogStream,
  path: string,
  answer: EndpointAnswer,
): Finding | undefined {
  if (answer.by === 'concord' || answer.by === 'nobody') return undefined;
  const who =
    answer.by === 'another'
      ? `a program that is not Concord answers (${answer.status})`
      : 'a Concord without this tenant answers';
  return {
    level: 'error',
    code: 'STREAM_ELSEWHERE',
    what: `The log stream delivers to ${addressOf(endpoint)}, where ${who}.`,
    why: 'Its entries are refused, or another program receives them.',
    mend: `Check which process listens there, and that the proxy before it forwards ${path}; or correct the payload URL: ${PAGE}.`,
  };
}

/** Without the parts that may be secret. */
function addressOf(endpoint: string): string {
  if (!URL.canParse(endpoint)) return 'an address that cannot be read';
  const { origin, pathname } = new URL(endpoint);
  return `${origin}${pathname}`;
}

function standing({ status, isPriority }: InspectedLogStream, name: string): Finding | undefined {
  const why =
    'Sign-ups are noticed only when the log is read. Entries that are not read within its retention are lost.';
  if (status === 'suspended')
    return {
      level: 'error',
      code: 'STREAM_SUSPENDED',
      what: `Auth0 has suspended the log stream ${name} after deliveries that failed.`,
      why,
      mend: `${PAGE} > ${name} > Health: fix what it names, then resume the stream.`,
    };
  if (status === 'paused')
    return {
      level: 'error',
      code: 'STREAM_PAUSED',
      what: `The log stream ${name} was paused in Auth0.`,
      why,
      mend: `${PAGE} > ${name}: resume it.`,
    };
  if (!isPriority) return undefined;
  return {
    level: 'error',
    code: 'STREAM_PRIORITY',
    what: `The log stream ${name} delivers prioritized logs only.`,
    why: 'Sign-ups are not among them.',
    mend: `${PAGE}: create one that is not prioritized, and delete this one.`,
  };
}

function wrongToken(name: string, tokens: readonly string[]): Finding {
  const which = tokens.length > 1 ? 'none of the tokens' : 'not the token';
  return {
    level: 'error',
    code: 'STREAM_TOKEN',
    what: `The log stream ${name} sends an Authorization that is ${which} of this tenant.`,
    why: 'Every delivery is answered 401, and after a week Auth0 suspends the stream.',
    mend: `${PAGE} > ${name} > Settings: set Authorization to AUTH0_LOG_TOKEN.`,
  };
}

function filtered({ filters }: InspectedLogStream, name: string): Finding | undefined {
  if (filters.length === 0) return undefined;
  const [needed = [], useful = []] = [NEEDED_FILTERS, USEFUL_FILTERS].map((wanted) =>
    wanted.filter((filter) => !filters.includes(filter)),
  );
  const lacking = [...needed, ...useful];
  if (lacking.length === 0) return undefined;
  return {
    level: needed.length > 0 ? 'error' : 'warning',
    code: 'STREAM_FILTERS',
    what: `The filters of the log stream ${name} leave out ${lacking.join(', ')}.`,
    why: 'Such changes are noticed only when the log is read, or by the nightly sweep.',
    mend: `${PAGE} > ${name} > Settings: add these categories, or remove all filters.`,
  };
}

function encoded({ headers }: InspectedLogStream, name: string): Finding | undefined {
  if (!headers.includes('content-encoding')) return undefined;
  return {
    level: 'error',
    code: 'STREAM_ENCODING',
    what: `The log stream ${name} sends a custom header Content-Encoding.`,
    why: 'Deliveries with this header are answered 415, and never ingested.',
    mend: `${PAGE} > ${name} > Settings: remove the custom header.`,
  };
}

export function judgeEventStreams(tenant: TenantId, streams: readonly InspectedEventStream[]): Seen {
  const path = `/webhooks/auth0/${tenant}/events`;
  const ours = streams.filter(
    ({ endpoint }) => endpoint !== undefined && addressOf(endpoint).replace(/\/+$/, '').endsWith(path),
  );
  const stream = ours.find(({ isEnabled }) => isEnabled) ?? ours[0];
  const page = 'In Auth0: Event Streams';
  const why = 'Only the nightly sweep notices imported users and first logins.';
  if (stream === undefined)
    return found('none', {
      level: 'warning',
      code: 'EVENT_STREAM_MISSING',
      what: `A token for an event stream is configured, but no event stream delivers to ${path}.`,
      why,
      mend: `${page} > Create: Webhook, https://your-host${path}, bearer token AUTH0_EVENT_TOKEN; or remove the token.`,
    });
  if (!stream.isEnabled)
    return found('disabled', {
      level: 'error',
      code: 'EVENT_STREAM_DISABLED',
      what: `The event stream to ${path} is disabled.`,
      why,
      mend: `${page}: enable it, and redeliver what failed.`,
    });
  const lacking = EVENT_TYPES.filter((type) => !stream.types.includes(type));
  if (lacking.length === 0) return well('enabled');
  return found('enabled', {
    level: 'warning',
    code: 'EVENT_STREAM_TYPES',
    what: `The event stream to ${path} does not subscribe to ${lacking.join(', ')}.`,
    why,
    mend: `${page} > the stream: add these types.`,
  });
}
