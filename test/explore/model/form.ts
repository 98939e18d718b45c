/**
 * The form of a run between two things that a process does: equal for two runs whose futures are equal.
 *
 * It has all that the engine, the stores and the oracle go by from here on. Names that are only compared
 * with each other (ids, DIDs, passwords, invites) are replaced by the order in which they come, and
 * times by how far off they are, up to where it makes no difference any more. What it leaves out is
 * never read again: the count of calls, causes, and times that are only shown.
 */
import { createHash } from 'node:crypto';
import { isFlapping } from '../../../src/engine/reconcile/repeats.ts';
import { subjectView } from '../../../src/engine/reconcile/subject-view.ts';
import type { Facts, OpenIntent, Refusal } from '../../../src/events/facts.ts';
import { answerIn } from '../../../src/events/fold-transfer.ts';
import type { EventId, UserKey } from '../../../src/identity.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import type { SubjectView } from '../../../src/ports/subjects.ts';
import { WATCHED_FOR_MS } from '../../../src/reconcilers/account/account-planning.ts';
import { PARKED_FOR_MS } from '../../../src/reconcilers/account/email.ts';
import type { StoredSubject } from '../../support/in-memory/work-queue.ts';
import { textOf } from '../judge/reconciliation-counts.ts';
import type { Run } from '../search/run.ts';
import type { Message } from './platform.ts';
import type { World } from './world.ts';

/** Moments at which a life in Auth0 began are only compared with each other, so they are names as well. */
const NAMES =
  /until \d{4}-[-0-9:.T]+Z|parked-[0-9a-f]{24}|\d{4}-\d\d-\d\dT[0-9:.]+Z|event-\d+|password-\d+|invite-\d+|did:plc:[a-z2-7]{24}|[0-9a-f]{64}/g;
const DATE = /\d{4}-\d\d-\d\dT[0-9:.]+Z/g;
const DAY_MS = 86_400_000;
/** What a sweep still reads of decisions about sweeps. */
const APPROVABLE_MS = 8 * DAY_MS;

export function formOf(run: Run): string {
  const { world, watch, progress } = run;
  const { step, phase, part, tries, sinceFault, stalls, hasStalled, difference, isOver } = progress;
  const mending = hasStalled ? progress.struck > progress.struckBeforeMending : undefined;
  const text = [
    [step, phase, part, tries, textOf(sinceFault), stalls, mending, difference, isOver].join(),
    [
      progress.struck > 0,
      progress.lates > 0,
      progress.tooLates,
      progress.taken,
      progress.isOnItsOwn,
      progress.forgets,
    ].join(),
    [progress.isBefallen, progress.broken].join(),
    run.scenario.maxReconciliations === undefined ? '' : textOf(progress.reconciliations),
    othersPart(run),
    watch.untold.map(({ user, type, value }) => [user, type, value].join(' ')).join(','),
    [...watch.codes].map(([user, codes]) => [user, ...codes].join(' ')).join(','),
    ...platformParts(world),
    ...accountParts(world),
    inactivePart(world),
    ...[...world.queue.stored.values()].map((subject) => subjectPart(world, subject)),
    ...run.scenario.people.map(({ user }) => factsPart(world, world.factsOf(user))),
    logPart(world),
    runsPart(world),
    reservationsPart(world),
    world.independent.form(),
  ].join('\n');
  const names = new Map<string, string>();
  const named = text.replace(NAMES, (name) => {
    if (name.startsWith('until ')) return `until ${age(world, new Date(name.slice(6)), 0)}`;
    const known = names.get(name) ?? `#${names.size}`;
    names.set(name, known);
    return known;
  });
  return createHash('sha256').update(named).digest('base64');
}

function isOfThisLife(world: World, { who, atMs }: Extract<Message, { type: 'change' }>): boolean {
  const createdAt = world.userOf(who)?.createdAt;
  return createdAt === undefined || atMs >= createdAt.getTime();
}

function lifeText(createdAtMs: number): string {
  return Number.isFinite(createdAtMs) ? new Date(createdAtMs).toISOString() : '-';
}

/** What is still to be heard, and what the oracle keeps of each user. */
function othersPart({ world, watch, scenario }: Run): string {
  const { messages, heard, gone, usersOnce } = world;
  const left = messages.map((message) =>
    message.type === 'entry'
      ? `${message.who.user} ${message.code}`
      : [message.who.user, message.removed, world.nowMs - message.atMs, isOfThisLife(world, message)].join(
          ' ',
        ),
  );
  const kept = [...watch.known].map(
    ([user, { there, did, codes, isAbsent, isBlocked, createdAtMs, restoredAtMs }]) =>
      [
        user,
        did,
        ...[...there].sort(),
        ...[...codes].sort(),
        isAbsent,
        isBlocked,
        lifeText(createdAtMs),
        lifeText(restoredAtMs),
      ].join(' '),
  );
  const settled = scenario.people.map((who) => watch.settled.has(who));
  const made = [...watch.made].map((one) => one.join(' '));
  return [left, heard, [...gone], [...usersOnce], kept, settled, made].map(String).join('|');
}

/** How long ago, up to where it makes no difference; of what is to come, how far off. */
function age({ nowMs, isClockSteady }: World, date: Date | undefined, atMostMs: number): string {
  if (date === undefined) return '-';
  const ms = nowMs - date.getTime();
  return ms >= atMostMs && isClockSteady ? 'old' : String(ms);
}

function platformParts(world: World): string[] {
  const { documents, directory, otherDirectory, outage, deadly, nowMs } = world;
  const users = [...documents.users].map(([user, { code, account, pending }]) =>
    [user, code, account?.did, account?.handle, account?.password, pending?.intent, pending?.password].join(
      ' ',
    ),
  );
  const left = outage === undefined ? 0 : Math.max(0, outage.untilMs - nowMs);
  return [
    users.join(','),
    [...documents.verifications].join(' '),
    [...documents.handles].join(' '),
    `${directory.form()} ${otherDirectory.form()} ${earlierText(world.earlier)}`,
    left === 0 ? 'no outage' : `${outage?.port} ${outage?.code} ${left}`,
    `${deadly?.user} ${deadly?.call}`,
  ];
}

const earlierText = once((users: readonly Auth0User[]) => JSON.stringify(users));

function inactivePart({ inactive: { stored, state }, nowMs }: World): string {
  const kept = [...stored.values()].map(({ did, email, handle, state: how }) =>
    [did, email, handle, how].join(' '),
  );
  const { begunAt, nextAt } = state;
  const waits = nextAt !== undefined && nextAt.getTime() > nowMs;
  const off = (date: Date | undefined) => (waits && date !== undefined ? date.getTime() - nowMs : '-');
  return [...kept.sort(), off(begunAt), off(nextAt)].join(',');
}

/** Whether a reconciliation of this user has listed the inactive accounts since then. */
function hasListed(since: Date | undefined, { inactiveListedAt }: Facts): boolean | undefined {
  return since && inactiveListedAt !== undefined && inactiveListedAt > since;
}

/** The same of anyone, and of a listing that has only begun. */
function listedSince({ inactive }: World, since: Date | undefined): string {
  const { refreshedAt, begunAt } = inactive.state;
  const isLater = (date: Date | undefined) => since !== undefined && date !== undefined && date > since;
  return `${isLater(refreshedAt)} ${isLater(begunAt)}`;
}

function accountParts({ accounts, known, leaked, late, nowMs }: World): string[] {
  const stored = [...accounts.stored.values()].map((account) => Object.values(account).join(' '));
  const onTheirWay = late.map(({ atMs, wanted, user }) =>
    [atMs - nowMs, user, ...Object.values(wanted)].join(' '),
  );
  return [
    stored.join(','),
    [...accounts.movedDids].join(' '),
    [...known].join(' '),
    `${leaked + accounts.leakedDids().length}`,
    onTheirWay.join(','),
  ];
}

function subjectPart(world: World, subject: StoredSubject): string {
  const { user, due, lease, taken, observedAt, view, unfinished = 0 } = subject;
  const { nowMs, settings } = world;
  const isFree = lease === undefined || (lease.until.getTime() <= nowMs && world.isClockSteady);
  return [
    user,
    due === undefined
      ? '-'
      : `${due.at.getTime() - nowMs} ${due.priority} ${due.count === due.routine} ${causes(world, due.causes)}`,
    // The order of a trigger and a read decides while the read is fresh.
    `${age(world, due?.since, settings.freshForMs + 1)} ${age(world, taken?.since, settings.freshForMs + 1)}`,
    age(world, due?.latest, settings.freshForMs + 1),
    age(world, observedAt, settings.freshForMs),
    isFree ? 'free' : lease.until.getTime() - nowMs,
    // Who takes over counts, and then it is by this count alone.
    `${lease !== undefined} ${unfinished}`,
    causes(world, taken?.causes ?? []),
    viewPart(world, user, view),
  ].join('|');
}

/** Whether there are any, and whether the log has them: more is not asked of a cause. */
function causes({ log }: World, ids: readonly EventId[]): string {
  return `${ids.length > 0} ${ids.every(log.has)}`;
}

/** A text that is made once for each value, since values are never changed. */
function once<Value extends object>(make: (value: Value) => string): (value: Value) => string {
  const known = new WeakMap<Value, string>();
  return (value) => {
    const text = known.get(value) ?? make(value);
    known.set(value, text);
    return text;
  };
}

const shownText = once((view: SubjectView) => JSON.stringify(view));
const toldText = once((facts: Facts) => JSON.stringify(subjectView(facts)));
const steadyText = once(steadyPart);

/** What is shown, where it is not what the log says. */
function viewPart(world: World, user: UserKey, view: SubjectView | undefined): string {
  if (view === undefined) return 'unseen';
  const facts = world.factsOf(user);
  if (shownText(view) === toldText(facts)) return 'as told';
  const conditions = view.conditions.map(({ since, event, ...rest }) => {
    const told = facts.conditions.find(({ type }) => type === rest.type);
    return { ...rest, asTold: told?.since === since && told.event === event };
  });
  const failure = view.failure && {
    ...failureText(view.failure),
    asTold: view.failure.since === facts.failure?.since,
    isRunning: view.failure.at !== facts.failure?.at,
  };
  return JSON.stringify({ ...view, conditions, failure });
}

function failureText({ code, upstream, message }: NonNullable<Facts['failure']>) {
  return { code, upstream, message };
}

/** What does not change by time alone. */
function steadyPart(facts: Facts): string {
  const { auth0, paused, adoption, account, seen, intent, givenUp, openActions, conditions, platformHandle } =
    facts;
  return JSON.stringify([
    auth0,
    facts.auth0Event === undefined,
    facts.unlistedSince === undefined,
    facts.removalGrantedAt === undefined
      ? 'not granted'
      : facts.absentSince === undefined || facts.removalGrantedAt > facts.absentSince,
    [paused?.by, paused?.reason],
    adoption,
    [facts.deactivated, facts.passwordRefused, facts.passwordResetGranted, facts.accountDeleted],
    [facts.sights, facts.kept, [...facts.removed].sort(), facts.lostAccount, facts.seenInSync],
    [facts.verifiedEmail, facts.namedBy],
    [facts.forgotten, facts.sister, platformHandle, facts.code, facts.possiblyLeakedDids, facts.attempts],
    [facts.creationFailure, hasListed(facts.creationFailedAt, facts), hasListed(facts.intent?.at, facts)],
    [facts.quarantined, facts.isUnfinished, isFlapping(facts)],
    facts.failure && failureText(facts.failure),
    account,
    seen,
    intent === undefined ? '' : intentText(intent),
    givenUp.map(intentText),
    openActions.map(({ resource, type, from, to }) => [resource, type, from, to]),
    conditions.map(({ type, status, reason, message, held, waitsFor }) => [
      ...[type, status, reason, message, held],
      waitsFor,
    ]),
    [facts.parked?.did, facts.parked?.from, facts.parked?.to],
    transferText(facts),
  ]);
}

function transferText({ incoming, outgoing, retiring, transferred }: Facts): unknown {
  const [from, to] = [incoming, outgoing].map((one) => one && { ...one, open: [...one.open].sort() });
  return [from, to, retiring, transferred];
}

/** What the other user's log says of a transfer that is open here. */
function answerPart(world: World, { outgoing }: Facts): string {
  if (outgoing === undefined) return '';
  const { granted, taken, declined } = answerIn(world.log.eventsOf(outgoing.to), outgoing);
  return [granted, [...taken].sort(), [...declined].sort()].join(' ');
}

function intentText({ event, handle, email, inviteHash }: OpenIntent): string {
  return [event, handle, email, inviteHash].join(' ');
}

function factsPart(world: World, facts: Facts): string {
  const { policy, settleMs, refusalRetryMs } = world.settings;
  const refusals = (refused: ReadonlyMap<string, Refusal>): string =>
    [...refused].map(([value, { reason, at }]) => [value, reason, age(world, at, refusalRetryMs)]).join(' ');
  const remnant = facts.conditions.find(({ reason }) => reason === 'AccountWithoutRepository');
  return [
    steadyText(facts),
    age(world, facts.absentSince, policy.removalGraceMs),
    age(world, facts.deletionHintAt, 1),
    age(world, facts.presentAt, 1),
    age(world, facts.paused?.until, 0),
    age(world, facts.intent?.at, settleMs),
    listedSince(world, facts.creationFailedAt),
    age(world, facts.creationFailedAt, WATCHED_FOR_MS),
    listedSince(world, facts.intent?.at),
    age(world, facts.parked?.at, PARKED_FOR_MS),
    age(world, facts.parkingEndedAt, refusalRetryMs),
    age(world, remnant === undefined ? undefined : new Date(remnant.since), settleMs),
    age(world, facts.newestAt, 1),
    age(world, facts.auth0 === undefined ? facts.removedAt : undefined, Number.POSITIVE_INFINITY),
    refusals(facts.refusedHandles),
    refusals(facts.refusedEmails),
    explained(facts),
    answerPart(world, facts),
    JSON.stringify([...facts.independent]),
  ].join('|');
}

/** What was refused before it was known whose it is, is asked for again. */
function explained({ refusedEmails, conditions }: Facts): string {
  const known = conditions.find(({ waitsFor }) => waitsFor !== undefined);
  if (known === undefined || refusedEmails.size === 0) return '';
  return [...refusedEmails.values()].map(({ at }) => at > new Date(known.since)).join();
}

/** A long run that broke off goes on by when it began, and asks who has been read since. */
function runsPart(world: World): string {
  const { runs, queue, nowMs } = world;
  const off = (date: string): string => {
    const since = new Date(date);
    const read = [...queue.stored.values()].map(({ observedAt = new Date(0) }) => observedAt > since);
    return [age(world, since, Number.POSITIVE_INFINITY), ...read].join(' ');
  };
  const left = [...runs.stored].map(([name, { lease, position }]) => {
    const heldMs = lease === undefined ? 0 : Math.max(0, lease.until.getTime() - nowMs);
    return [name, heldMs, position?.replace(DATE, off)].join(' ');
  });
  return left.join();
}

/** How long one lasts counts where no log tells of its intent, and only until it is over. */
function reservationsPart(world: World): string {
  const parts = [...world.reservations.stored].map(([key, { user, intent, until }]) => {
    const isLogged = world.log.eventsOf(user).some(({ _id }) => _id === intent);
    return [key, user, intent, isLogged, isLogged ? '' : age(world, until, 0)].join(' ');
  });
  return parts.sort().join();
}

/** The entries that came, since they are known when they come again, and what sweeps read of each other. */
function logPart(world: World): string {
  const parts: string[] = [];
  for (const event of world.log.since(0)) {
    if (event.type === 'auth0.log-received') parts.push(event._id);
    else if (event.type === 'removal.granted')
      parts.push(`${event.user} ${age(world, event.at, DAY_MS + 1)}`);
    else if (event.type === 'sweep.halted' || event.type === 'sweep.approved')
      parts.push(`${event.type} ${age(world, event.at, APPROVABLE_MS + 1)} ${event.data.run}`);
  }
  return parts.join(' ');
}
