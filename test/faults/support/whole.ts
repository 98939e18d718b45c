/**
 * What "whole" means: the documents, the PDS and the log of one user agree, each thing is there once, and the
 * log explains every one of them. Answers are lists of flaws, so that a test shows them all at once.
 */
import { reconcile } from '../../../src/engine/reconcile/reconcile.ts';
import { type ConcordEvent, isReceivedEvent } from '../../../src/events/event.ts';
import { fold } from '../../../src/events/fold.ts';
import type { Did } from '../../../src/identity.ts';
import type { Engine } from '../../../src/wiring/engine.ts';
import { accountOf, type Member, storedMember } from '../../support/member.ts';
import type { Platform } from '../../support/platform.ts';
import type { Converging } from './world.ts';

export interface Whole {
  /** The label that the account is to carry; `code` for the user's code. */
  readonly handle: string;
  /** Default true. */
  readonly logIn?: boolean;
}

/** Every way in which this user is not as everyone is to end: one code, one account, and a log that explains them. */
export async function flawsOf(
  world: Platform,
  engine: Engine,
  member: Member,
  { handle, logIn = true }: Whole,
): Promise<string[]> {
  const { log, subjects, vault, accounts } = engine;
  const found: string[] = [];
  const check = (isFine: boolean, flaw: string): void => {
    if (!isFine) found.push(`${member.label}: ${flaw}`);
  };
  const [stored, account, subject, events] = await Promise.all([
    storedMember(world, member),
    accountOf(world, engine, member),
    subjects.get(member.user),
    everythingOf(log, member),
  ]);
  const wanted = `${handle === 'code' ? stored?.code : handle}.at.test`;
  check(/^ac\d\d[a-z]{5}$/.test(stored?.code ?? ''), `the code is ${stored?.code}`);
  check(account?.state === 'active', `the account is ${account?.state ?? 'not there'}`);
  check(account?.handle === wanted, `the account carries ${account?.handle} and not ${wanted}`);
  check(account?.email === member.email, 'the account has another address');
  check(stored?.atproto?.handle === account?.handle, `the document names ${stored?.atproto?.handle}`);
  check(stored?.atprotoPending === undefined, 'a pending password was left');
  check((await verificationCount(world, member)) === 1, 'the verification is not recorded once');
  if (logIn && account !== undefined && stored?.atproto !== undefined) {
    const password = vault.open(stored.atproto.password, member.user);
    check(await accounts.canLogIn(account.did, password), 'the kept password does not fit');
  }
  for (const flaw of logFlaws(events, stored?.code, account?.did, account?.handle)) check(false, flaw);

  const bad = (subject?.conditions ?? []).filter(({ status }) => status !== 'True');
  check(subject?.sync === 'Synced', `it is ${subject?.sync}: ${bad.map(({ reason }) => reason).join()}`);
  check(subject?.dueAt === undefined, 'it is still due');
  check(subject?.quarantined === false, 'it is quarantined');
  return found;
}

/** Of users who all are to end with their code as the handle. */
export async function flawsOfAll(
  world: Platform,
  engine: Engine,
  members: readonly Member[],
): Promise<string[]> {
  const flaws = members.map((member) => flawsOf(world, engine, member, { handle: 'code' }));
  return (await Promise.all(flaws)).flat();
}

/** Also the entries of Auth0, which the first events follow from. */
async function everythingOf(log: Engine['log'], { user }: Member): Promise<ConcordEvent[]> {
  const events: ConcordEvent[] = [];
  for await (const event of log.read({ user })) events.push(event);
  return events;
}

/** What is there and is in no event, what is told twice, and events that follow from nothing. */
function logFlaws(
  events: readonly ConcordEvent[],
  code: string | undefined,
  did: Did | undefined,
  handle: string | undefined,
): string[] {
  const found = creationFlaws(events);
  const check = (isFine: boolean, flaw: string): void => {
    if (!isFine) found.push(flaw);
  };
  const facts = fold(events);
  const count = (type: ConcordEvent['type']): number => events.filter((event) => event.type === type).length;
  const codes = events.flatMap((event) => (event.type === 'code.assigned' ? [event.data.code] : []));
  check(codes.length === 1 && codes[0] === code, `the log tells of the codes ${codes.join()}`);
  check(count('user-document.created') === 1, `${count('user-document.created')} tell of the document`);
  check(count('verification.recorded') > 0, 'no event tells of the verification');
  check(facts.account?.did === did, 'the log tells of another account');
  check(facts.account?.handle === handle, 'the log tells of another handle');
  check(facts.openActions.length === 0, 'steps are open');
  const ids = new Set(events.map(({ _id }) => _id));
  for (const event of events) {
    const { type, cause } = event;
    const follows = isReceivedEvent(event) || cause.some((id) => ids.has(id));
    check(follows, `${type} follows from nothing`);
  }
  return found;
}

/** Every creation that was intended has one outcome, before the next one is intended, and one made the account. */
function creationFlaws(events: readonly ConcordEvent[]): string[] {
  const found: string[] = [];
  let open: ConcordEvent['_id'] | undefined;
  let made = 0;
  for (const event of [...events].sort((a, b) => a.at.getTime() - b.at.getTime())) {
    const { type } = event;
    if (type === 'account.creation-intended') {
      if (open !== undefined) found.push('a creation was intended while another was open');
      open = event._id;
    } else if (type === 'account.creation-refused' || type === 'account.creation-abandoned') {
      if (open !== event.data.intent) found.push(`${type} ends what was not open`);
      open = undefined;
    } else if (type === 'account.created' || type === 'account.recorded') {
      if (open === undefined) found.push(`${type} follows no intent`);
      open = undefined;
      made += 1;
    }
  }
  if (open !== undefined) found.push('a creation has no outcome');
  if (made !== 1) found.push(`${made} events say that the account was made`);
  return found;
}

/** Creations after which, by the log, a DID may have been left in the PLC directory. */
export function explainedLeaks(events: readonly ConcordEvent[]): number {
  return events.filter(
    (event) => event.type === 'account.creation-abandoned' && event.data.reason === 'no-account-came-of-it',
  ).length;
}

async function verificationCount({ db }: Platform, { user }: Member): Promise<number | undefined> {
  const verifications = db.collection<{ _id: string; count: number }>('verifications');
  return (await verifications.findOne({ _id: user }))?.count;
}

/** Every DID that the PDS hosts, whoever it belongs to. */
export async function hostedDids({ reconcile: { accounts } }: Converging): Promise<Set<Did>> {
  const dids = new Set<Did>();
  for await (const page of accounts.repositories())
    for (const one of page) if (one !== 'unreadable') dids.add(one.did);
  return dids;
}

/**
 * One more pass over each of these users, and what it changed in the database. The queue's own documents are
 * compared by what they say of a user, since every pass notes there that it was.
 */
export async function writtenByAnotherReconciliation(
  world: Platform,
  { reconcile: deps }: Converging,
  members: readonly Member[],
): Promise<string[]> {
  const before = await fingerprint(world);
  const found: string[] = [];
  for (const { user, userId, tenant, label } of members) {
    const lease = await deps.queue.claimUser(
      { user, userId, tenant },
      deps.clock.now(),
      deps.settings.leaseMs,
    );
    if (lease === undefined) throw new Error(`Somebody else is at work on ${user}.`);
    const { end } = await reconcile(deps, lease);
    if (end !== 'converged') found.push(`${label}: the next pass ended ${end}`);
  }
  const after = await fingerprint(world);
  const names = new Set([...before.keys(), ...after.keys()]);
  for (const name of names) if (before.get(name) !== after.get(name)) found.push(`${name} was written`);
  return found;
}

async function fingerprint({ db }: Platform): Promise<ReadonlyMap<string, string>> {
  const answer = await db.command({ dbHash: 1 });
  const hashes = new Map<string, string>(Object.entries(answer['collections'] as Record<string, string>));
  const subjects = await db
    .collection('concord.subjects')
    .find({}, { projection: { observedAt: 0 } })
    .sort({ _id: 1 })
    .toArray();
  return hashes.set('concord.subjects', JSON.stringify(subjects));
}
