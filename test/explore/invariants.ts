/** What has to hold at the end of every run, whatever broke on the way. */

import { converge } from '../../src/engine/converge.ts';
import { subjectView } from '../../src/engine/standing.ts';
import type { ConcordEvent } from '../../src/events/event.ts';
import { fold } from '../../src/events/fold.ts';
import type { UserKey } from '../../src/identity.ts';
import type { Subject } from '../../src/ports.ts';
import type { Person } from '../mongo/people.ts';
import { untruths } from './histories.ts';
import { Process } from './process.ts';
import type { Reference, Run } from './run.ts';
import type { Scenario } from './scenario.ts';
import type { Effect } from './watch.ts';
import type { World } from './world.ts';

/** How everybody stands, in words that are the same whichever code was drawn and whichever DID was given. */
export function stateOf(world: World, { people, isRace = false }: Scenario): string {
  const states = people.map((who) => (isRace ? '' : `${who.user}: `) + stateOfPerson(world, who));
  return states.sort().join('\n');
}

function stateOfPerson(world: World, who: Person): string {
  const { documents, accounts } = world;
  const document = documents.users.get(who.user);
  const named = document?.account;
  const account = named?.did === undefined ? undefined : accounts.stored.get(named.did);
  const own = `${who.userId.slice(6)}@example.com`;
  const carried = (handle: string | undefined): string | undefined =>
    handle !== undefined && handle === `${document?.code}.at.test` ? 'the code' : handle;
  const parts = [
    `verification ${documents.verifications.get(who.user)}`,
    document === undefined ? 'no document' : document.code === undefined ? 'no code' : 'a code',
    named === undefined
      ? 'no account'
      : `names ${carried(named.handle)} ${named.did === undefined ? 'without DID' : ''}`,
    account === undefined ? '' : `${account.status} ${account.hasRepo} ${carried(account.handle)}`,
    account?.email === own ? 'own address' : (account?.email ?? ''),
    conditionsOf(world, who),
  ];
  return parts.join(', ');
}

function conditionsOf(world: World, who: Person): string {
  const facts = fold(world.log.eventsOf(who.user));
  const said = facts.conditions.map(
    ({ type, status, reason, held }) => `${type} ${status} ${reason}${held ? ' held' : ''}`,
  );
  return [...said, facts.quarantined ? 'quarantined' : '', facts.attempts > 0 ? 'failing' : ''].join('; ');
}

export async function endFlaws(
  run: Run,
  scenario: Scenario,
  reference: Reference | undefined,
  states: readonly string[],
): Promise<string[]> {
  const { world, watch } = run;
  const flaws: string[] = [...world.foreignChanges()];
  const tolerated = scenario.tolerates?.some((reason) => states.at(-1)?.includes(reason)) === true;
  if (reference !== undefined && !tolerated) flaws.push(...differences(reference.states, states));
  const leaks = world.leaked + world.accounts.leakedDids().length;
  // Two calls of ours at once, the one held up and the other late, may leave one behind whatever is done.
  if (leaks > 0 && run.stalls === 0 && scenario.isRandom !== true && scenario.isRace !== true)
    flaws.push(`${leaks} DIDs leaked`);
  flaws.push(...(await unrest(run, scenario)));
  for (const who of scenario.people) flaws.push(...(await personFlaws(world, who)));
  flaws.push(...sharing(world));
  if (scenario.isRandom === true) {
    for await (const { users } of world.directory.everyone())
      for (const user of users) world.usersNow.set(user.userId, user);
    for (const who of scenario.people) flaws.push(...untruths(world, who));
  }
  // Who has lost the lease is stopped at the next step, which may be the telling: then the look that
  // follows finds the effect and takes it for what is.
  for (const effect of run.stalls > 0 ? [] : new Set(watch.effects)) {
    if (effect.type !== 'other' && !isTold(effect, world.log.eventsOf(effect.user)))
      flaws.push(`no event tells of: ${effect.type}${effect.type === 'handle' ? ' change' : ''}`);
  }
  flaws.push(...rootless(world.log.events));
  return flaws.filter((flaw) => run.stalls === 0 || !scenario.knownFlaws?.includes(flaw));
}

function differences(wanted: readonly string[], found: readonly string[]): string[] {
  const at = wanted.findIndex((state, index) => state !== found[index]);
  return at === -1 ? [] : [`after step ${at} it is\n  ${found[at]}\nand not\n  ${wanted[at]}`];
}

async function personFlaws(world: World, who: Person): Promise<string[]> {
  const flaws: string[] = [];
  const events = world.log.eventsOf(who.user);
  const facts = fold(events);
  const document = world.documents.users.get(who.user);
  const codes = new Set(events.flatMap((event) => (event.type === 'code.assigned' ? [event.data.code] : [])));
  if (
    codes.size > 1 ||
    (codes.size === 1 && document !== undefined && !codes.has(document.code ?? ('' as never)))
  )
    flaws.push('the log and the document have different codes');
  const did = document?.account?.did;
  if (did !== undefined && facts.account !== undefined && facts.account.did !== did)
    flaws.push('the log and the document name different accounts');
  const account = did === undefined ? undefined : world.accounts.stored.get(did);
  const kept = document?.account?.password;
  if (account !== undefined && kept !== undefined && !opens(world, kept, who.user, account.password))
    flaws.push('the kept password is not the account’s');
  if (facts.openActions.length > 0) flaws.push('steps are open');
  if (account?.status === 'active' && document?.account?.handle !== account.handle)
    flaws.push('the document and the PDS have different handles');
  const live = await world.stores.subjects.get(who.user);
  if (live !== undefined) flaws.push(...viewFlaws(live, facts));
  return flaws;
}

function opens(world: World, kept: string, user: UserKey, password: string | undefined): boolean {
  try {
    return world.vault.open(kept, user) === password;
  } catch {
    return false;
  }
}

/** The read model has to be what the log says. */
function viewFlaws(live: Subject, facts: ReturnType<typeof fold>): string[] {
  const rebuilt = subjectView(facts);
  return (Object.keys(rebuilt) as (keyof typeof rebuilt)[])
    .filter((key) => JSON.stringify(rebuilt[key]) !== JSON.stringify(live[key]))
    .map((key) => `the read model has another ${key} than the log`);
}

function sharing(world: World): string[] {
  const flaws: string[] = [];
  const codes = [...world.documents.users.values()].flatMap(({ code }) => code ?? []);
  if (new Set(codes).size < codes.length) flaws.push('two users share a code');
  const dids = [...world.documents.users.values()].flatMap(({ account }) => account?.did ?? []);
  if (new Set(dids).size < dids.length) flaws.push('two users share an account');
  const orphans = [...world.accounts.stored.keys()].filter(
    (did) => !world.isForeign(did) && !dids.includes(did),
  );
  if (orphans.some((did) => !world.known.has(did))) flaws.push('there is an account of nobody’s');
  return flaws;
}

function isTold({ type, value }: Effect, events: readonly ConcordEvent[]): boolean {
  return events.some((event) => {
    switch (type) {
      case 'verification':
        return event.type === 'verification.recorded' && event.data.count >= Number(value);
      case 'document':
        return event.type === 'code.assigned' && event.data.code === value;
      case 'created':
        return (
          (event.type === 'account.created' || event.type === 'account.recorded') && event.data.did === value
        );
      case 'handle':
        return (
          (event.type === 'handle.changed' && event.data.to === value) ||
          (event.type === 'handle.recorded' && event.data.handle === value)
        );
      case 'email':
        return event.type === 'email.changed' && event.data.to === value;
      case 'deactivated':
        return event.type === 'account.deactivated' && event.data.did === value;
      case 'reactivated':
        return event.type === 'account.reactivated' && event.data.did === value;
      case 'deleted':
        return (
          (event.type === 'account.deleted' || event.type === 'account.remnant-deleted') &&
          event.data.did === value
        );
      case 'other':
        return true;
      default:
        return type satisfies never;
    }
  });
}

/** Facts, decisions and the ends of passes may be the first of a chain; an outcome never is. */
const MAY_BE_FIRST =
  /^(auth0|subject\.observed|sister\.observed|handle\.observed|adoption\.granted|removal\.granted|user\.|actions\.intended|converge|sweep\.)/;

function rootless(events: readonly ConcordEvent[]): string[] {
  const ids = new Set(events.map(({ _id }) => _id));
  const outcomes = events.filter(({ type }) => !MAY_BE_FIRST.test(type));
  return outcomes
    .filter(({ cause }) => cause.length === 0 || cause.some((id) => !ids.has(id)))
    .map(({ type }) => `${type} follows from nothing`);
}

/** One more pass over everybody: it may read, and write nothing. */
async function unrest(run: Run, scenario: Scenario): Promise<string[]> {
  const { world, watch } = run;
  if (world.outage !== undefined && world.nowMs < world.outage.untilMs) return [];
  const [events, effects] = [world.log.events.length, watch.effects.length];
  await passOverAll(run, scenario);
  if (watch.effects.length > effects) return ['the next pass wrote something'];
  return world.log.events.length > events
    ? [`the next pass told ${world.log.events.slice(events).map(({ type }) => type)}`]
    : [];
}

/** A pass over everybody that nobody asked for, as a sweep or the next trigger would bring. */
export async function passOverAll(run: Run, { people }: Scenario): Promise<void> {
  const { world } = run;
  // Whoever broke off may have left a lease, which has run out when the next look comes.
  world.advanceTo(world.nowMs + world.settings.leaseMs + 1);
  for (const who of people) {
    if ((await world.stores.subjects.get(who.user)) === undefined) continue;
    const process = new Process(run);
    const ending = await process.run(async () => {
      const lease = await process.ports.queue.claimUser(who, world.clock.now(), world.settings.leaseMs);
      if (lease === undefined) return 'held';
      process.user = who.user;
      await converge(process.deps, lease);
      return 'over';
    });
    if (ending.type === 'done' && ending.value === 'held')
      run.watch.violations.push('somebody still holds a lease');
  }
}
