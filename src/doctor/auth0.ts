/**
 * What the Auth0 application is given: a token, what it may read with it, and how much of the limit is left.
 *
 * | check            | finding                                             | level   |
 * |------------------|-----------------------------------------------------|---------|
 * | auth0            | no answer, or the application is refused             | error   |
 * | auth0 scopes     | read:users or read:logs is lacking                  | error   |
 * | auth0 scopes     | read:log_streams is lacking                          | warning |
 * | auth0 rate limit | less than a tenth is left                           | warning |
 */
import { UpstreamError } from '../errors.ts';
import type { Auth0Inspection, Room } from '../ports/inspection.ts';
import { type Check, type Finding, found, idOf, type Seen, said, well } from './check.ts';
import type { ExaminedTenant } from './tenant.ts';

/** The least share of a limit with which nothing needs to be said. */
const ROOM_SHARE = 0.1;

export function auth0Checks({ id: tenant, auth0 }: ExaminedTenant): readonly Check[] {
  const needs = [idOf({ name: 'auth0', tenant })];
  return [
    {
      name: 'auth0',
      tenant,
      needs: ['configuration of auth0'],
      look: () => lookAtToken(auth0()),
    },
    { name: 'auth0 scopes', tenant, needs, look: () => lookAtScopes(auth0()) },
    {
      name: 'auth0 rate limit',
      tenant,
      needs,
      look: async () => {
        const users = await auth0().users();
        return judgeRoom('Auth0', users === 'forbidden' ? undefined : users.room);
      },
    },
  ];
}

async function lookAtToken(auth0: Auth0Inspection): Promise<Seen> {
  try {
    await auth0.token();
    return well('gives a token');
  } catch (error) {
    return { ...found('gives no token', noToken(error)), isShut: true };
  }
}

function noToken(error: unknown): Finding {
  const isRefused =
    error instanceof UpstreamError && ['UNAUTHORIZED', 'FORBIDDEN', 'BAD_REQUEST'].includes(error.code);
  return {
    level: 'error',
    code: isRefused ? 'AUTH0_REFUSES' : 'AUTH0_UNREACHABLE',
    what: said(error),
    why: 'Nobody can be read, and so nobody converged.',
    mend: isRefused
      ? 'Compare clientId and clientSecret with Auth0: Applications > the application > Settings; and see that it is authorized for the Management API of this tenant.'
      : 'See that domain and managementUrl are right, that the network lets calls out, and https://status.auth0.com.',
  };
}

async function lookAtScopes(auth0: Auth0Inspection): Promise<Seen> {
  const [users, logs, streams, { scopes }] = await Promise.all([
    auth0.users(),
    auth0.logs(),
    auth0.logStreams(),
    auth0.token(),
  ]);
  // What was answered counts, and not what the token says of itself.
  const lacking: Finding[] = [];
  const lack = (level: Finding['level'], scope: string, why: string) =>
    lacking.push({
      level,
      code: 'SCOPE_LACKING',
      what: `The application lacks the scope ${scope}.`,
      why,
      mend: `In Auth0: Applications > APIs > Auth0 Management API > Machine to Machine Applications: grant ${scope}.`,
    });
  if (users === 'forbidden') lack('error', 'read:users', 'Nobody can be read, and so nobody converged.');
  if (logs === 'forbidden')
    lack(
      'error',
      'read:logs',
      'What a log stream does not deliver is never heard of before the nightly sweep.',
    );
  if (streams === 'forbidden')
    lack('warning', 'read:log_streams', 'A log stream that is paused, suspended or gone is not noticed.');
  return found(scopes === undefined ? 'enough' : scopes.filter(isReading).join(', ') || 'none', ...lacking);
}

function isReading(scope: string): boolean {
  return /^read:(users|logs|log_streams|event_streams)$/.test(scope);
}

export function judgeRoom(of: string, room: Room | undefined): Seen {
  if (room === undefined) return well('our calls are not counted');
  const { limit, remaining, resetInMs } = room;
  const summary = `${remaining} of ${limit} calls left`;
  // The call that asked has taken one.
  if (remaining + 1 > limit * ROOM_SHARE) return well(summary);
  const when = resetInMs === undefined ? '' : `, and more in ${Math.ceil(resetInMs / 1_000)} s`;
  return found(summary, {
    level: 'warning',
    code: 'LITTLE_ROOM',
    what: `${of} lets us make ${remaining} more calls of ${limit}${when}.`,
    why: 'Passes wait for the limit, so that a sign-up takes minutes instead of a second.',
    mend: 'See who else calls with the same limit; requestsPerSecond keeps Concord below a share of it.',
  });
}
