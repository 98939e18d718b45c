/** What is wrong, by the failures of users and by how upstreams answer. Pure. */
import { LEASE_EXPIRED } from '../engine/reconcile/leases/unfinished.ts';
import { type Failing, failuresOf, isFailing, ofTenant, those } from '../engine/reports/situation-groups.ts';
import type { Upstream } from '../errors.ts';
import type { Cause, CauseKind, CheckResult } from '../ports/alerts.ts';
import { REFUSALS, upstreamOf } from '../ports/upstreams.ts';
import * as indexes from '../reconcilers/indexes.ts';
import type { Expectations, Probe, SystemFacts } from './system-facts.ts';

const UNREACHED: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'NOT_WRITABLE',
  'SERVER_ERROR',
  'UNEXPECTED_ANSWER',
]);
const SEALING: ReadonlySet<string> = new Set(['CREDENTIAL_KEY_MISSING', 'CREDENTIAL_NOT_OPENED']);
const FOREIGN = 'index-unfit:foreign';
/** Codes that only ask for a later call. */
const PATIENT = 'RATE_LIMITED';

export function checkUsers(facts: SystemFacts, expected: Expectations): CheckResult {
  const failing = facts.people.filter(isFailing).filter(({ failure }) => failure.code !== PATIENT);
  const rest = new Set(failing);
  const causes: Cause[] = [];
  const blind: string[] = [];
  const take = (people: readonly Failing[]) => {
    for (const one of people) rest.delete(one);
    return people;
  };
  const add = (cause: Cause) =>
    causes.push({ ...cause, orMore: facts.isPartial && cause.users !== undefined });

  const sealing = take(failing.filter(({ failure }) => SEALING.has(failure.code)));
  const sealed = those(sealing);
  if (sealed !== undefined) add(sealingKeys(sealing, sealed));

  for (const probe of facts.probes) {
    const own = ofTenant(failing, probe.tenant).filter(({ failure }) => failure.upstream === probe.upstream);
    for (const [kind, codes] of [
      ['unreachable', UNREACHED],
      ['credentials-refused', REFUSALS],
    ] as const) {
      const id = [kind, probe.upstream, probe.tenant].filter((part) => part !== undefined).join(':');
      const concerned = own.filter(({ failure }) => codes.has(failure.code));
      const { answer } = probe;
      if (answer.type === 'unknown') {
        blind.push(id);
        take(concerned);
      } else if (answer.type === 'failing' && kindOf(answer.code) === kind) {
        add(upstreamCause(id, kind, probe, answer, take(concerned), expected));
      } else if (answer.type === 'well') {
        // Users who failed before it recovered have not been retried since.
        const before = concerned.filter(({ failure }) => new Date(failure.at) <= answer.since);
        blind.push(
          ...take(before).map(({ failure }) => `converge-failing:${probe.upstream}:${failure.code}`),
        );
      }
    }
  }
  const foreign = foreignIndexes(facts, [...rest], take);
  causes.push(...foreign.causes);
  blind.push(...foreign.blind);
  for (const failure of failuresOf([...rest])) {
    const { code, upstream, users, example, since } = failure;
    const of = upstream === null ? '' : ` of ${upstreamOf(upstream).title}`;
    add({
      ...{
        id: `converge-failing:${upstream ?? 'engine'}:${code}`,
        kind: 'converge-failing',
        tenant: undefined,
      },
      what: `Reconciling users fails with ${code}${of}${said(failure)}`,
      ...{ users, orMore: false, example, since, isSettled: false },
      command: `concord explain '${example}'`,
    });
  }
  causes.push(...quarantines(failing, facts.isPartial));
  if (facts.isPartial) blind.push('converge-failing', 'quarantine', FOREIGN);
  return { causes, blind: [...new Set(blind)] };
}

function kindOf(code: string): Extract<CauseKind, 'unreachable' | 'credentials-refused'> {
  return REFUSALS.has(code) ? 'credentials-refused' : 'unreachable';
}

/** Messages of adapters name the call and the answer, and nothing personal. Other messages may have personal data. */
function said({
  code,
  upstream,
  message,
}: {
  readonly code: string;
  readonly upstream: Upstream | null;
  readonly message: string;
}): string {
  const isPublic = upstream !== null || code === LEASE_EXPIRED;
  return !isPublic || message === '' ? '.' : `: ${message.replace(/\.$/, '')}.`;
}

function upstreamCause(
  id: string,
  kind: CauseKind,
  { upstream, tenant }: Probe,
  answer: Extract<Probe['answer'], { type: 'failing' }>,
  concerned: readonly Failing[],
  expected: Expectations,
): Cause {
  const definition = upstreamOf(upstream);
  const { title } = definition;
  const who = tenant === undefined ? title : `${title}'s tenant ${tenant}`;
  const place = { tenant, pdsUrl: expected.pdsUrl };
  const refused = kind === 'credentials-refused';
  const first = those(concerned);
  return {
    ...{ id, kind, tenant },
    what: `${who} ${refused ? 'refuses our credentials' : 'answers with an error'} (${answer.code}): ${answer.message}`,
    users: first?.users ?? 0,
    orMore: false,
    example: first?.example,
    since: answer.since,
    command: refused ? definition.refused(place) : definition.unreached(place),
    isSettled: false,
  };
}

function sealingKeys(
  people: readonly Failing[],
  { users, example, since }: NonNullable<ReturnType<typeof those>>,
): Cause {
  return {
    ...{ id: 'credentials-refused:sealing-keys', kind: 'credentials-refused', tenant: undefined },
    // This message is ours: it names a key, and no password.
    what: people[0]?.failure.message ?? '',
    ...{ users, orMore: false, example, since, isSettled: false },
    command: 'concord credentials reseal --dry-run',
  };
}

/** A unique index that is not Concord's rejects documents: the incident that this engine exists for. */
function foreignIndexes(
  { indexes: actual }: SystemFacts,
  failing: readonly Failing[],
  take: (people: readonly Failing[]) => readonly Failing[],
): CheckResult {
  const causes: Cause[] = [];
  const refused = new Map<string, Failing[]>();
  for (const one of failing) {
    const name = refusingIndex(one);
    if (name !== undefined) refused.set(name, [...(refused.get(name) ?? []), one]);
  }
  for (const [name, people] of refused) {
    const first = those(take(people));
    const index = actual.find((one) => one.unique && one.name === name);
    // Users that a dropped index rejected have not been retried since.
    if (first === undefined || index === undefined) continue;
    const { collection } = index;
    causes.push({
      ...{ id: `${FOREIGN}:${collection}.${name}`, kind: 'index-unfit', tenant: undefined },
      what: `The unique index ${name} on ${collection}, which is not Concord's, rejects documents of users.`,
      ...{ ...first, orMore: false, isSettled: false },
      command: `${indexes.dropCommand(collection, name)}, then: concord retry --failed`,
    });
  }
  return { causes, blind: refused.size > causes.length ? [FOREIGN] : [] };
}

function refusingIndex({ failure }: Failing): string | undefined {
  if (failure.code !== 'DUPLICATE_KEY') return undefined;
  return /refused by the unique index (.+?), and neither/.exec(failure.message)?.[1];
}

function quarantines(failing: readonly Failing[], orMore: boolean): Cause[] {
  return failuresOf(failing.filter(({ quarantined }) => quarantined)).map((failure) => {
    const { code, upstream, users, example, since } = failure;
    return {
      ...{ id: `quarantine:${upstream ?? 'engine'}:${code}`, kind: 'quarantine', tenant: undefined },
      what: `Users are quarantined after too many failures with ${code}${said(failure)}`,
      ...{ users, orMore, example, since, isSettled: true },
      command: 'concord retry --failed',
    };
  });
}
