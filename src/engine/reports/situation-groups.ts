/** Groups users in trouble by what they have in common. Pure. */
import type { Upstream } from '../../errors.ts';
import type { ConditionDraft } from '../../events/condition.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { AffectedUser, StatusCounts } from '../../ports/status-counts.ts';
import { commandsIn, shellQuoted } from '../../reconcilers/command-lines.ts';

/** Users who are out of sync in one resource, for one reason. */
export interface SituationGroup {
  readonly resource: ConditionDraft['type'];
  readonly reason: string;
  readonly users: number;
  /** How many of them need action. */
  readonly held: number;
  /** The user who has been so for longest, by key, and since when. */
  readonly example: UserKey;
  readonly since: Date;
  /** The command for that user. */
  readonly command: string;
}

/** Users whose last reconciliation failed for one reason. */
export interface FailureOf {
  readonly code: string;
  /** Null where no upstream's answer was the reason. */
  readonly upstream: Upstream | null;
  readonly message: string;
  readonly users: number;
  readonly quarantined: number;
  readonly example: UserKey;
  readonly since: Date;
}

export type Failing = AffectedUser & { readonly failure: NonNullable<AffectedUser['failure']> };

export function isFailing(one: AffectedUser): one is Failing {
  return one.failure !== undefined && one.attempts > 0;
}

/** Of all tenants together, the most frequent first. */
export function situationGroups(situations: StatusCounts['situations']): readonly SituationGroup[] {
  const groups = new Map<string, Mutable<SituationGroup>>();
  for (const situation of situations) {
    const { resource, reason, users, held: isHeld, example, since } = situation;
    const held = isHeld ? users : 0;
    const one = { resource, reason, users, held, example, since, command: commandFor(situation) };
    const known = groups.get(`${resource} ${reason}`);
    if (known === undefined) groups.set(`${resource} ${reason}`, one);
    else {
      const command = isElder(one, known) ? one.command : known.command;
      Object.assign(known, { ...eldest(known, one), held: known.held + one.held, command });
    }
  }
  return [...groups.values()].sort((a, b) => b.users - a.users || compare(a.reason, b.reason));
}

/** The same of failures. */
export function failuresIn(affected: StatusCounts['affected']): readonly FailureOf[] {
  return together(
    affected.flatMap(({ failure, users, quarantined }) =>
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

/** By code and upstream, the most frequent first; the message is that of the oldest. */
function together(failures: readonly FailureOf[]): readonly FailureOf[] {
  const groups = new Map<string, Mutable<FailureOf>>();
  for (const one of failures) {
    const key = `${one.upstream} ${one.code}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { ...one });
    else {
      const message = isElder(one, known) ? one.message : known.message;
      const quarantined = known.quarantined + one.quarantined;
      Object.assign(known, { ...eldest(known, one), quarantined, message });
    }
  }
  return [...groups.values()].sort((a, b) => b.users - a.users || compare(a.code, b.code));
}

/** How many users of these tenants are concerned, who has been for longest, and since when. */
export function those(
  people: readonly Failing[],
): { readonly users: number; readonly example: UserKey; readonly since: Date } | undefined {
  const [first, ...others] = people.map(({ user, failure }) => ({
    ...{ users: 1, example: user, since: new Date(failure.since) },
  }));
  return first === undefined ? undefined : others.reduce((known, one) => eldest(known, one), first);
}

/** Failures of one tenant, or of all where the upstream is the same for all. */
export function ofTenant<One extends Pick<AffectedUser, 'tenant'>>(
  people: readonly One[],
  tenant: TenantId | undefined,
): readonly One[] {
  return tenant === undefined ? people : people.filter((one) => one.tenant === tenant);
}

type Situation = StatusCounts['situations'][number];

/** The first command in the message of a condition that needs action; `explain` shows the whole message. */
function commandFor({ reason, example, held, message }: Situation): string {
  const user = shellQuoted(example);
  if (held) {
    const [first] = commandsIn(message);
    // A command with a value that a person must fill in does not work as it is.
    return first === undefined || /<[a-z]+>/.test(first) ? `concord explain ${user}` : first;
  }
  switch (reason) {
    case 'RemovalDue':
      return 'concord approve';
    case 'ClockDiffers':
      return 'concord doctor';
    case 'RemovalWithheld':
      return 'concord pull';
    case 'Failing':
    case 'NotObserved':
    case 'TransferPending':
    case 'HandleReleased':
    case 'CodeReleased':
      return `concord explain ${user}`;
    case 'Paused':
      return `concord resume ${user}`;
    case 'ObserveOnly':
      return 'concord plan';
    default:
      return `concord reconcile ${user}`;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counted = Pick<SituationGroup, 'users' | 'example' | 'since'>;

function eldest(a: Counted, b: Counted): Counted {
  const { example, since } = isElder(b, a) ? b : a;
  return { users: a.users + b.users, example, since };
}

function isElder(a: Counted, b: Counted): boolean {
  return (a.since.getTime() - b.since.getTime() || compare(a.example, b.example)) < 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
