/** What has to hold at the end of every run, whatever broke on the way. */

import { withRunningCount } from '../../../src/engine/reconcile/repeats.ts';
import { subjectView } from '../../../src/engine/reconcile/subject-view.ts';
import { isRemovedReason } from '../../../src/events/condition.ts';
import type { Facts } from '../../../src/events/facts.ts';
import type { Did, UserKey } from '../../../src/identity.ts';
import type { Subject, SubjectView } from '../../../src/ports/subjects.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import { hasPlatform, type Scenario } from '../model/scenario.ts';
import { lookAt } from '../model/work.ts';
import type { World } from '../model/world.ts';
import type { Run } from '../search/run.ts';
import type { Effect } from './effects.ts';
import { noUserFlaws } from './no-users.ts';
import { Rivals } from './rivals.ts';
import { halfDone, replacedBy } from './transfers.ts';
import { untrue, untruths } from './truths.ts';

/** How everybody stands, in words that are the same whichever code was drawn and whichever DID was given. */
export function stateOf(world: World, scenario: Scenario): string {
  const { people, isRace = false } = scenario;
  // Of linked users either may have the tag, whoever carries the handle.
  const isEither = isRace && scenario.areLinked === true;
  const states = people.map((who) => (isRace ? '' : `${who.user}: `) + stateOfPerson(world, who, isEither));
  const addresses = isEither ? people.map((who) => addressOf(world, who)) : [];
  return [...states.sort(), ...addresses.sort()].join('\n');
}

function addressOf({ documents, accounts }: World, who: Person): string {
  const did = documents.users.get(who.user)?.account?.did;
  const email = did === undefined ? undefined : accounts.stored.get(did)?.email;
  return email?.replace(/\+(main|second)@/, '+tag@') ?? 'no address';
}

function stateOfPerson(world: World, who: Person, isEither: boolean): string {
  const { documents, accounts } = world;
  const document = documents.users.get(who.user);
  const named = document?.account;
  const account = named?.did === undefined ? undefined : accounts.stored.get(named.did);
  const own = `${who.userId.slice(6)}@example.com`;
  const carried = (handle: string | undefined): string | undefined =>
    handle !== undefined && handle === `${document?.code?.toLowerCase()}.at.test` ? 'the code' : handle;
  const parts = [
    `verification ${documents.verifications.get(who.user)}`,
    document === undefined ? 'no document' : document.code === undefined ? 'no code' : 'a code',
    named === undefined
      ? 'no account'
      : `names ${carried(named.handle)} ${named.did === undefined ? 'without DID' : ''}`,
    account === undefined ? '' : `${account.status} ${account.hasRepo} ${carried(account.handle)}`,
    isEither ? '' : account?.email === own ? 'own address' : (account?.email ?? ''),
    conditionsOf(world, who),
  ];
  return parts.join(', ');
}

function conditionsOf(world: World, who: Person): string {
  const facts = world.factsOf(who.user);
  const said = facts.conditions.map(
    ({ type, status, reason, held }) => `${type} ${status} ${reason}${held ? ' held' : ''}`,
  );
  return [...said, facts.quarantined ? 'quarantined' : '', facts.attempts > 0 ? 'failing' : ''].join('; ');
}

/** All that is held against a rest. */
export interface Rest {
  readonly world: World;
  readonly people: readonly Person[];
  /** A person has something to do for this user, or nothing is done for it now. */
  isAsked(who: Person): boolean;
}

/** What is said of those whom nothing has happened to since they were reconciled last. */
export function restFlaws(run: Run): string[] {
  const { scenario, watch, world } = run;
  const settled = scenario.people.filter((who) => watch.settled.has(who));
  watch.judged.rests += settled.length;
  const isAllSettled = settled.length === scenario.people.length;
  const isAtRest = isAllSettled && world.messages.length === 0 && world.late.length === 0;
  return [
    ...settled.flatMap((who) => untrue(run, who)),
    ...new Rivals(run).flaws(),
    ...(isAtRest ? transfersAtRest(run) : []),
  ];
}

function transfersAtRest({ world, scenario: { people } }: Run): string[] {
  const isAsked = ({ user }: Person): boolean => {
    const { conditions, forgotten, quarantined } = world.factsOf(user);
    return forgotten || quarantined || conditions.some(({ held, type }) => held || type === 'pause');
  };
  return halfDone({ world, people, isAsked });
}

export async function endFlaws(run: Run): Promise<string[]> {
  const { world, watch, progress, scenario } = run;
  const { difference } = progress;
  const flaws: string[] = [...world.foreignChanges()];
  const last = stateOf(world, scenario);
  const tolerated = scenario.tolerates?.some((reason) => last.includes(reason)) === true;
  if (difference !== undefined && !tolerated) flaws.push(difference);
  const leaks = world.leaked + world.accounts.leakedDids().length;
  // Two calls of ours at once, the one held up and the other late, may leave one behind whatever is done.
  const isDouble = progress.stalls > 0 && progress.lates > 0;
  const { mayLeak = unavoidable(run) } = scenario;
  // One that comes when it has been given up meets the account that was created in its place.
  if (leaks > mayLeak + progress.tooLates && !isDouble && scenario.isRandom !== true)
    flaws.push(`W10: ${leaks} DIDs leaked, and ${mayLeak} may be`);
  flaws.push(...(await noUserFlaws(run)));
  flaws.push(...(await unrest(run)));
  for (const who of scenario.people) flaws.push(...(await personFlaws(run, who)));
  flaws.push(...sharing(run));
  if (scenario.isRandom === true || progress.isOnItsOwn || hasPlatform(scenario))
    for (const who of scenario.people) if (watch.settled.has(who)) flaws.push(...untruths(run, who));
  for (const { user } of scenario.people) flaws.push(...strandedIntent(world.factsOf(user)));
  flaws.push(...oneSided(run));
  // What arrived after a lease, of a user who was blocked or deleted meanwhile, is told by what the next look finds.
  const isSeenOnly = progress.isOnItsOwn && progress.stalls > 0;
  const untold = watch.untold.filter((effect) => !isSeenOnly || !isSeen(world, effect));
  for (const { type } of untold.filter((effect) => isThere(world, effect))) {
    flaws.push(`no event tells of: ${type}${type === 'handle' ? ' change' : ''}`);
  }
  return flaws;
}

/** How many DIDs may leak that no check of ours could have kept from it. */
function unavoidable({ scenario: { hides }, progress }: Run): number {
  if (hides === undefined || (hides === 'listed' && progress.struck === 0)) return 0;
  // A call that was held up or late fails beside the one that was made in its place.
  return 1 + progress.stalls + progress.lates;
}

/** Of two linked users each knows the other, once all has been heard. A deleted user asks for nobody any more. */
function oneSided({ world, watch, scenario, areLinked }: Run): string[] {
  if (!areLinked || !scenario.people.every((who) => watch.settled.has(who))) return [];
  const living = scenario.people.filter((who) => world.userOf(who) !== undefined);
  return living.flatMap(({ user }) => {
    const other = world.factsOf(user).sister?.user;
    const isMutual = other === undefined || world.factsOf(other).sister?.user === user;
    return isMutual ? [] : [`W15: ${user} knows ${other}, and is not known by it`];
  });
}

/** An intent that nobody is asked about and that is not looked at again. */
function strandedIntent({ intent, conditions, forgotten }: Facts): string[] {
  if (intent === undefined || forgotten) return [];
  const isHeld = conditions.some(({ type, held }) => type === 'account' && held);
  return isHeld ? [] : ['W11: an intent is open, and nothing will resolve it'];
}

/** An account has to be known, and anything else is what the next look finds. */
function isSeen(world: World, { user, type, value }: Effect): boolean {
  return type !== 'created' || (user !== undefined && world.factsOf(user).sights.account === value);
}

/** What others have removed since can be told by nobody. */
function isThere({ documents, accounts }: World, { user, type, value }: Effect): boolean {
  if (user === undefined) return true;
  const { code, account } = documents.users.get(user) ?? {};
  if (type === 'verification') return documents.verifications.has(user);
  if (type === 'document') return code === value;
  if (type === 'created') return accounts.stored.has(value as Did);
  if (type === 'handle' || type === 'email')
    return account?.did !== undefined && accounts.stored.has(account.did);
  return true;
}

async function personFlaws({ world, watch, progress }: Run, who: Person): Promise<string[]> {
  const flaws: string[] = [];
  const facts = world.factsOf(who.user);
  const document = world.documents.users.get(who.user);
  const isAsked = facts.conditions.some(({ reason, held }) => held && reason === 'CodeDiffers');
  const codes = watch.codes.get(who.user) ?? new Set();
  const written = document?.code;
  const isOther = written !== undefined && codes.size > 0 && !codes.has(written);
  if ((codes.size > 1 || isOther) && !isAsked) flaws.push('the log and the document have different codes');
  const did = document?.account?.did;
  if (did !== undefined && facts.account !== undefined && facts.account.did !== did)
    flaws.push('the log and the document name different accounts');
  const account = did === undefined ? undefined : world.accounts.stored.get(did);
  const kept = document?.account?.password;
  if (account !== undefined && kept !== undefined && !opens(world, kept, who.user, account.password))
    flaws.push('the kept password is not the account’s');
  if (facts.openActions.length > 0) flaws.push('steps are open');
  const isOpen = facts.intent !== undefined || progress.stalls > 0;
  const isOurs = did !== undefined && watch.made.has(did);
  if (isOurs && document?.pending !== undefined && !isOpen) flaws.push('a pending password was left');
  if (isFollowed(world, who) && account?.status === 'active' && document?.account?.handle !== account.handle)
    flaws.push('the document and the PDS have different handles');
  const live = await world.stores.subjects.get(who.user);
  if (live !== undefined) flaws.push(...viewFlaws(live, facts));
  return flaws;
}

/** Whether the handle is looked after: a rename that broke off is left as it is for everyone else. */
function isFollowed(world: World, who: Person): boolean {
  const user = world.userOf(who);
  const isWaiting = world.conditionsOf(who.user).some(({ reason }) => isRemovedReason(reason));
  return user !== undefined && !user.blocked && !isWaiting;
}

function opens(world: World, kept: string, user: UserKey, password: string | undefined): boolean {
  try {
    return world.vault.open(kept, user) === password;
  } catch {
    return false;
  }
}

/** The read model has to be what the log says; of identical failures it has the running count, and the log half of it. */
function viewFlaws(live: Subject, facts: Facts): string[] {
  const rebuilt = subjectView(withRunningCount(facts, live));
  const isFar = facts.attempts > 0 && live.attempts >= 2 * facts.attempts;
  const far = isFar ? [`the read model counts ${live.attempts} failures, and the log ${facts.attempts}`] : [];
  return [...far, ...otherKeys(rebuilt, live)];
}

function otherKeys(rebuilt: SubjectView, live: Subject): string[] {
  return (Object.keys(rebuilt) as (keyof typeof rebuilt)[])
    .filter((key) => JSON.stringify(rebuilt[key]) !== JSON.stringify(live[key]))
    .map((key) => `the read model has another ${key} than the log`);
}

function sharing({ world, scenario }: Run): string[] {
  const flaws: string[] = [];
  const codes = [...world.documents.users.values()].flatMap(({ code }) => code ?? []);
  if (new Set(codes).size < codes.length) flaws.push('two users share a code');
  const dids = [...world.documents.users.values()].flatMap(({ account }) => account?.did ?? []);
  if (new Set(dids).size < dids.length) flaws.push('two users share an account');
  // What the log names is not lost, though the document does not name it any more.
  const told = scenario.people.map(({ user }) => world.factsOf(user).account?.did);
  const replaced = replacedBy(world, scenario.people);
  const kept = [...dids, ...told, ...replaced];
  const orphans = [...world.accounts.stored.keys()].filter(
    (did) => !world.isForeign(did) && !kept.includes(did),
  );
  if (orphans.some((did) => !world.known.has(did))) flaws.push('there is an account of nobody’s');
  return flaws;
}

async function lookAtAll(run: Run): Promise<void> {
  const { world, scenario } = run;
  // Whoever broke off may have left a lease, which has run out when the next look comes.
  world.advanceTo(world.nowMs + world.settings.leaseMs + 1);
  for (const who of scenario.people) {
    if ((await world.stores.subjects.get(who.user)) === undefined) continue;
    await run.does(lookAt(run, who, () => undefined));
  }
}

/** One more pass over everybody: it may read, and write nothing. */
async function unrest(run: Run): Promise<string[]> {
  const { world, watch, scenario, progress } = run;
  if (world.outage !== undefined && world.nowMs < world.outage.untilMs) return [];
  // What nobody was told of is found by the next sweep, and only then all is at rest: a linked user is not woken by
  // one who was deleted before they knew of each other.
  const isUntold = !scenario.people.every((who) => watch.settled.has(who));
  if (isUntold || (progress.isOnItsOwn && run.areLinked)) await lookAtAll(run);
  const { effects } = watch;
  const { length } = world.log.events;
  await lookAtAll(run);
  if (watch.effects > effects) return ['the next pass wrote something'];
  const told = world.log.since(length).map(({ type }) => type);
  return told.length > 0 ? [`the next pass told ${told}`] : [];
}
