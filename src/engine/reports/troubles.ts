/** What those who are in trouble have in common. Pure. */
import type { Upstream } from '../../errors.ts';
import type { ConditionDraft } from '../../events/event.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { Standings, Troubled } from '../../ports.ts';
import { shellQuoted } from '../../reconcilers/command-lines.ts';

/** Those who are not as desired in one resource, for one reason. */
export interface TroubleOf {
  readonly resource: ConditionDraft['type'];
  readonly reason: string;
  readonly users: number;
  /** How many of them only a person can move. */
  readonly held: number;
  /** The one who has been so for longest, by key, and since when. */
  readonly example: UserKey;
  readonly since: Date;
}

/** Those whose last pass failed for one reason. */
export interface FailureOf {
  readonly code: string;
  /** Null where no other system's answer was the reason. */
  readonly upstream: Upstream | null;
  readonly message: string;
  readonly users: number;
  readonly quarantined: number;
  readonly example: UserKey;
  readonly since: Date;
}

export type Failing = Troubled & { readonly failure: NonNullable<Troubled['failure']> };

export function isFailing(one: Troubled): one is Failing {
  return one.failure !== undefined && one.attempts > 0;
}

/** Of all tenants together, the most frequent first. */
export function troublesOf(situations: Standings['situations']): readonly TroubleOf[] {
  const groups = new Map<string, Mutable<TroubleOf>>();
  for (const { resource, reason, users, held: isHeld, example, since } of situations) {
    const one = { resource, reason, users, held: isHeld ? users : 0, example, since };
    const known = groups.get(`${resource} ${reason}`);
    if (known === undefined) groups.set(`${resource} ${reason}`, one);
    else Object.assign(known, { ...eldest(known, one), held: known.held + one.held });
  }
  return [...groups.values()].sort((a, b) => b.users - a.users || compare(a.reason, b.reason));
}

/** The same of failures. */
export function failuresIn(troubled: Standings['troubled']): readonly FailureOf[] {
  return together(
    troubled.flatMap(({ failure, users, quarantined }) =>
      failure === undefined ? [] : [{ ...failure, users, quarantined: quarantined ? users : 0 }],
    ),
  );
}

export function failuresOf(failing: readonly Failing[]): readonly FailureOf[] {
  return together(
    failing.map(({ user, failure, quarantined }) => {
      const { code, upstream, message } = failure;
      const of = { code, upstream, message, users: 1, quarantined: quarantined ? 1 : 0 };
      return { ...of, example: user, since: new Date(failure.since) };
    }),
  );
}

/** By code and system, the most frequent first; the message is that of the eldest. */
function together(failures: readonly FailureOf[]): readonly FailureOf[] {
  const groups = new Map<string, Mutable<FailureOf>>();
  for (const one of failures) {
    const key = `${one.upstream} ${one.code}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { ...one });
    else {
      const isElder = one.since < known.since;
      const told = { ...eldest(known, one), quarantined: known.quarantined + one.quarantined };
      Object.assign(known, told, isElder ? { message: one.message } : {});
    }
  }
  return [...groups.values()].sort((a, b) => b.users - a.users || compare(a.code, b.code));
}

/** How many users of these tenants' are concerned, who has been for longest, and since when. */
export function those(
  people: readonly Failing[],
): { readonly users: number; readonly example: UserKey; readonly since: Date } | undefined {
  const [first, ...others] = people.map(({ user, failure }) => ({
    ...{ users: 1, example: user, since: new Date(failure.since) },
  }));
  return first === undefined ? undefined : others.reduce((known, one) => eldest(known, one), first);
}

/** Whose failures are of one tenant, or of all where the other system is the same for all. */
export function ofTenant<One extends Pick<Troubled, 'tenant'>>(
  people: readonly One[],
  tenant: TenantId | undefined,
): readonly One[] {
  return tenant === undefined ? people : people.filter((one) => one.tenant === tenant);
}

/** What to type about those who are in one situation, by the example of one of them. */
export function helpFor({ reason, example, held }: Pick<TroubleOf, 'reason' | 'example' | 'held'>): string {
  const user = shellQuoted(example);
  switch (reason) {
    case 'UnownedAccountFound':
    case 'AccountEmailDiffers':
      return `concord adopt ${user}`;
    case 'AdoptionImpossible':
      return `concord adopt ${user} --withdraw`;
    case 'DocumentRemoved':
    case 'AccountMissing':
    case 'WaitingForDecision':
      return `concord restore ${user}`;
    case 'CodeDiffers':
      return `concord restore ${user} --accept-code`;
    case 'CodeHeldByUser':
      return `concord explain ${user}`;
    case 'PasswordRefused':
    case 'CredentialsIncomplete':
      return `concord password ${user} --reset`;
    case 'RemovalDue':
      return 'concord approve';
    case 'RemovalWithheld':
      return 'concord pull';
    case 'Failing':
    case 'NotObserved':
      return `concord explain ${user}`;
    case 'Paused':
      return `concord resume ${user}`;
    case 'ObserveOnly':
      return 'concord plan';
    default:
      return held > 0 ? `concord plan ${user}` : `concord reconcile ${user}`;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counted = Pick<TroubleOf, 'users' | 'example' | 'since'>;

function eldest(a: Counted, b: Counted): Counted {
  const users = a.users + b.users;
  const isFirst = a.since.getTime() - b.since.getTime() || compare(a.example, b.example);
  return isFirst <= 0
    ? { users, example: a.example, since: a.since }
    : { users, example: b.example, since: b.since };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
