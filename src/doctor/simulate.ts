/**
 * An invented sign-up, which runs through every step of a real one up to the plan.
 *
 * It uses its own database on the same server, and not the platform's log: events there cannot be removed, and a user in
 * it is counted, swept and finally given an account. So nothing must be distinguished from real users later, and a
 * service on the platform's database never sees it.
 *
 * | step              | what is real                                     | what is not                          |
 * |-------------------|--------------------------------------------------|--------------------------------------|
 * | simulated ingest  | the webhook over HTTP with this tenant's token, the log, the queue | a server in this process, on loopback |
 * | simulated fold    | the log and the fold                             | what Auth0 says of the user           |
 * | simulated plan    | the reads of documents and of the PDS, the plan  | nothing is applied                    |
 *
 * It needs a MongoDB user who may create a database.
 */

import { counted } from '../count.ts';
import { draft } from '../engine/intake/decision.ts';
import { ingest } from '../engine/intake/ingest.ts';
import { learnFromAuth0, learnHandle } from '../engine/reconcile/learn.ts';
import { type ObserveDeps, observeUser } from '../engine/reconcile/observe.ts';
import { UpstreamError } from '../errors.ts';
import type { ConcordEvent } from '../events/event.ts';
import type { Auth0Facts } from '../events/facts.ts';
import { fold } from '../events/fold.ts';
import { createServer } from '../http/server.ts';
import { type Auth0UserId, parseAuth0UserId, type TenantId, type UserKey, userKey } from '../identity.ts';
import type { Logger } from '../logger.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { IgnoredTotals, Rejects } from '../ports/intake.ts';
import type { WorkQueue } from '../ports/queue.ts';
import type { SubjectReader } from '../ports/subjects.ts';
import type { EventDraft } from '../reconcilers/reconciler.ts';
import { type Check, type Finding, found, idOf, type Seen, said, well } from './check.ts';

export interface SimulationSide {
  /** All but the accounts is in the database that is dropped afterwards. */
  readonly look: ObserveDeps;
  readonly log: EventLog;
  readonly queue: WorkQueue;
  readonly rejects: Rejects;
  readonly ignored: IgnoredTotals;
  readonly subjects: Pick<SubjectReader, 'get'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  chooseHandle(user: UserKey, handle: string): Promise<void>;
}

export interface SimulatedTenant {
  readonly id: TenantId;
  readonly keyPrefix: string;
  readonly emailTag: string | undefined;
  readonly logTokens: () => readonly string[];
}

/** The plan of a verified sign-up with a handle. */
const EXPECTED = ['record-verification', 'create-user-document', 'create-account'];

interface Person {
  readonly userId: Auth0UserId;
  readonly user: UserKey;
  readonly handle: string;
}

export function simulationChecks(
  tenants: readonly SimulatedTenant[],
  open: () => Promise<SimulationSide>,
): readonly Check[] {
  return tenants.flatMap((tenant) => {
    const { id } = tenant;
    const of = (name: string) => idOf({ name, tenant: id });
    let person: Person | undefined;
    const who = ({ random }: SimulationSide) => {
      person ??= invent(tenant, random);
      return person;
    };
    return [
      {
        name: 'simulated ingest',
        tenant: id,
        // The plan reads documents by key, and `--full` writes some.
        needs: ['mongodb', 'collations', 'configuration of log tokens'],
        run: async () => {
          try {
            const side = await open();
            return await signUp(side, tenant, who(side));
          } catch (error) {
            return unopened(error);
          }
        },
      },
      {
        name: 'simulated fold',
        tenant: id,
        needs: [of('simulated ingest')],
        run: async () => {
          const side = await open();
          return learn(side, tenant, who(side));
        },
      },
      {
        name: 'simulated plan',
        tenant: id,
        needs: [of('simulated fold'), 'pds admin', 'handle domain'],
        run: async () => {
          const side = await open();
          return planFor(side, tenant, who(side));
        },
      },
    ];
  });
}

/** For everything else, a user who may write only the platform's database is enough. */
function unopened(error: unknown): Seen {
  if (!(error instanceof UpstreamError && error.code === 'UNAUTHORIZED')) throw error;
  const finding: Finding = {
    level: 'error',
    code: 'SIMULATION_RIGHTS',
    what: said(error),
    why: 'A simulated sign-up uses its own database, because events cannot be removed from the log.',
    mend: 'Set MONGODB_URI, for this command only, to a user with readWriteAnyDatabase on this server.',
  };
  return { ...found('not started', finding), isShut: true };
}

/** An unused name: it is drawn anew each time. */
function invent({ keyPrefix }: SimulatedTenant, random: Random): Person {
  const drawn = Array.from({ length: 6 }, () => random.int(36).toString(36)).join('');
  const userId = parseAuth0UserId(`auth0|concord-doctor-${drawn}`);
  if (userId === undefined) throw new Error('an invented user id did not parse');
  return { userId, user: userKey(keyPrefix, userId), handle: `doctor-${drawn}` };
}

async function signUp(side: SimulationSide, tenant: SimulatedTenant, person: Person): Promise<Seen> {
  const { log, queue, rejects, ignored, subjects, clock, logger } = side;
  const [token = ''] = tenant.logTokens();
  const server = createServer({
    tenants: [{ id: tenant.id, keyPrefix: tenant.keyPrefix, logTokens: tenant.logTokens() }],
    ingest: (of, entries, unreadable, source) =>
      ingest({ log, queue, rejects, ignored, clock }, of, entries, unreadable, source),
    ready: async () => {},
    log: logger,
  });
  try {
    const origin = await server.listen({ host: '127.0.0.1', port: 0 });
    const startedAt = performance.now();
    const entry = entryOf(person, clock.now());
    const deliver = () => post(`${origin}/webhooks/auth0/${tenant.id}`, token, entry);
    const first = await deliver();
    const tookMs = Math.round(performance.now() - startedAt);
    const again = await deliver();
    const subject = await subjects.get(person.user);
    const count = await countOf(log.read({ user: person.user }));
    const wrong = [
      first === '200 accepted 1' ? undefined : `the first delivery was answered ${first}`,
      again === '200 duplicates 1' ? undefined : `the second one was answered ${again}`,
      count === 1 ? undefined : `the log has ${count} events of it`,
      subject?.dueAt === undefined ? 'the user is not due' : undefined,
    ].filter((what) => what !== undefined);
    return judge(`stored and due in ${tookMs} ms, a duplicate the second time`, 'INGEST', wrong);
  } finally {
    await server.close();
  }
}

async function countOf(events: AsyncIterable<ConcordEvent>): Promise<number> {
  let count = 0;
  for await (const _event of events) count += 1;
  return count;
}

function entryOf({ userId }: Person, now: Date) {
  const log_id = `concord-doctor-${now.getTime()}-${userId.slice(-6)}`;
  const data = {
    ...{ log_id, type: 'ss', date: now.toISOString(), user_id: userId, description: '' },
    ...{ connection: 'Username-Password-Authentication', strategy: 'auth0', client_name: 'concord doctor' },
    details: {},
  };
  return { log_id, data };
}

/** Status and counts, in words. */
async function post(url: string, authorization: string, entry: object): Promise<string> {
  const headers = { authorization, 'content-type': 'application/json', connection: 'close' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify([entry]) });
  const counts: unknown = await answer.json();
  const drafts = Object.entries(typeof counts === 'object' && counts !== null ? counts : {})
    .filter(([, count]) => typeof count === 'number' && count > 0 && count < 100)
    .map(([name, count]) => `${name} ${String(count)}`);
  return [answer.status, ...drafts].join(' ');
}

/** What Auth0 would answer for a user who has just signed up and verified the address. */
function answerFor({ userId }: Person, now: Date): Auth0Facts {
  return { userId, email: 'concord-doctor@example.com', emailVerified: true, blocked: false, createdAt: now };
}

async function learn(side: SimulationSide, tenant: SimulatedTenant, person: Person): Promise<Seen> {
  const { log, clock } = side;
  await side.chooseHandle(person.user, person.handle);
  const before = fold(await log.ofUser(person.user));
  const answer = answerFor(person, clock.now());
  const drafts: EventDraft[] = [
    ...learnFromAuth0(before, person.userId, answer),
    ...learnHandle(before, person.handle),
  ];
  await log.append(
    drafts.map((each): ConcordEvent => draft(side, person.user, tenant.id, each.type, each.data)),
  );
  const { auth0, platformHandle } = fold(await log.ofUser(person.user));
  const wrong = [
    auth0?.emailVerified === true && auth0.userId === person.userId
      ? undefined
      : 'the answer of Auth0 was not recorded',
    platformHandle === person.handle ? undefined : 'the chosen handle was not recorded',
  ].filter((what) => what !== undefined);
  return judge(
    `${counted(drafts.length, 'fact')} from ${counted(1 + drafts.length, 'event')}`,
    'FOLD',
    wrong,
  );
}

async function planFor(side: SimulationSide, tenant: SimulatedTenant, person: Person): Promise<Seen> {
  const facts = fold(await side.log.ofUser(person.user));
  const learned = { facts, linkedUser: 'none', documents: undefined } as const;
  const view = await observeUser(side.look, tenant, person.user, learned, side.clock.now());
  const actions = view.actions.map(({ type }) => type);
  const wrong = view.failures.map(({ resource, code }) => `the ${resource} could not be read (${code})`);
  if (wrong.length === 0 && actions.join() !== EXPECTED.join())
    wrong.push(
      `the plan is ${actions.join(', ') || 'empty'}`,
      ...view.conditions.filter(({ status }) => status !== 'True').map(({ message }) => message),
    );
  return judge(actions.join(', '), 'PLAN', wrong);
}

function judge(summary: string, step: 'INGEST' | 'FOLD' | 'PLAN', wrong: readonly string[]): Seen {
  if (wrong.length === 0) return well(summary);
  const finding: Finding = {
    level: 'error',
    code: `SIMULATED_${step}`,
    what: `An invented sign-up failed: ${wrong.join('; ').replace(/\.$/, '')}.`,
    why: 'A real sign-up would fail in the same way.',
    mend: 'Fix the other findings first. If there are none, this is a bug in Concord: report it with this line.',
  };
  return { ...found('failed', finding), isShut: true };
}
