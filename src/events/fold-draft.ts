/** The facts of one user while they are folded, and the changes that events of several types have in common. */
import type { AccountHandle, Did, EventId } from '../identity.ts';
import type { IntendedAction } from './data/reconciliation.ts';
import type { Facts, Refusal, SeenAccount, SeenResources } from './facts.ts';
import type { Removable } from './resources.ts';

/** A call that arrives late does so within minutes, and no user is tried more often than this in that time. */
const MAX_GIVEN_UP = 8;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Collections = 'refusedHandles' | 'refusedEmails' | 'openActions' | 'removed' | 'independent';

/** Its collections are its own; every other value is replaced as a whole. */
export interface FactsDraft extends Omit<Mutable<Facts>, Collections> {
  readonly refusedHandles: Map<string, Refusal>;
  readonly refusedEmails: Map<string, Refusal>;
  readonly independent: Map<string, unknown>;
  removed: Set<Removable>;
  openActions: (IntendedAction & { readonly event: EventId })[];
}

export function draftOf(facts: Facts): FactsDraft {
  return {
    ...facts,
    refusedHandles: new Map(facts.refusedHandles),
    refusedEmails: new Map(facts.refusedEmails),
    independent: new Map(facts.independent),
    openActions: [...facts.openActions],
    removed: new Set(facts.removed),
  };
}

export function later(a: Date | undefined, b: Date): Date {
  return a === undefined || a < b ? b : a;
}

export function endFailures(facts: FactsDraft): void {
  facts.attempts = 0;
  facts.loggedFailures = 0;
  facts.quarantined = false;
  facts.failure = undefined;
}

/** What was observed of an account is updated by actions on it, and dropped when the log names another account. */
export function see(facts: FactsDraft, change: Partial<SeenAccount> | undefined): void {
  const { account, code } = facts.seen;
  if (account === undefined) return;
  facts.seen = { code, account: change === undefined ? undefined : { ...account, ...change } };
}

export function sight(facts: FactsDraft, change: Partial<SeenResources>): void {
  facts.sights = { ...facts.sights, ...change };
  for (const what of Object.keys(change)) facts.removed.delete(REMOVABLE_OF[what as keyof SeenResources]);
}

const REMOVABLE_OF: Readonly<Record<keyof SeenResources, Removable>> = {
  verification: 'verification',
  document: 'user-document',
  record: 'account-record',
  account: 'account',
};

export function sightRecord(facts: FactsDraft, did: Did): void {
  sight(facts, { record: did, account: did, document: true });
}

/** The count is never lowered, so the highest that is known is the newest. */
export function keepCount(facts: FactsDraft, count: number): void {
  facts.kept = { ...facts.kept, count: Math.max(count, facts.kept.count ?? 0) };
}

export function forgetAccount(facts: FactsDraft): void {
  facts.account = undefined;
  facts.sights = { ...facts.sights, record: undefined, account: undefined };
  facts.removed.delete('account');
  facts.removed.delete('account-record');
  see(facts, undefined);
}

export function giveUp(facts: FactsDraft): void {
  if (facts.intent !== undefined) facts.givenUp = [...facts.givenUp, facts.intent].slice(-MAX_GIVEN_UP);
  facts.intent = undefined;
}

/** The user has an account: no creation is open, and this account had taken the handle and email that were refused. */
export function own(facts: FactsDraft, handle: AccountHandle, email?: string): void {
  facts.intent = undefined;
  facts.givenUp = [];
  facts.transferred = undefined;
  facts.refusedHandles.delete(handle);
  if (email !== undefined) facts.refusedEmails.delete(email);
}

export function close(facts: FactsDraft, resource: IntendedAction['resource']): void {
  facts.openActions = facts.openActions.filter((action) => action.resource !== resource);
}
