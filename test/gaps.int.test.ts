/**
 * R14: two tenants live through the same nine days. One is told of everything as it happens; of the other nobody
 * hears, and when somebody looks again the log no longer has it. In the end both stand the same, field by field,
 * and while something may have been missed nobody's account was taken away.
 */
import { expect, test } from 'vitest';
import { openGaps } from '../src/engine/intake/gaps.ts';
import { ingest } from '../src/engine/intake/ingest.ts';
import { type PullResult, pull } from '../src/engine/intake/pull.ts';
import { reconcile } from '../src/engine/reconcile/reconcile.ts';
import { sweep } from '../src/engine/sweep/sweep.ts';
import type { SweepResult } from '../src/engine/sweep/sweep-result.ts';
import { createServer } from '../src/http/server.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { Engine } from '../src/wiring/engine.ts';
import { systemClock } from '../src/wiring/system.ts';
import {
  accountOf,
  chooseHandle,
  conditionOf,
  type Member,
  memberOf,
  storedMember,
} from './support/member.ts';
import { person } from './support/pds.ts';
import { type Platform, platform, silent } from './support/platform.ts';
import { until } from './support/until.ts';

const DAY = 86_400_000;
const RETENTION_DAYS = 5;
/** Gone means deleted, a day later, as far as the safety limit goes. */
const OVERLAY = {
  policy: { blocked: 'deactivate', removal: 'delete', removalGraceMs: DAY },
  limits: { removals: { share: 1, count: 25 }, sourceShrink: 0.5 },
};

/** Time that a test moves on, the same for Auth0 and for Concord. */
class Days implements Clock {
  readonly timer = systemClock.timer;
  #aheadMs = 0;
  now = (): Date => new Date(Date.now() + this.#aheadMs);
  // Nothing here waits for as long as a test would notice.
  delay = async (): Promise<void> => undefined;
  pass(days: number): void {
    this.#aheadMs += days * DAY;
  }
}

interface Life {
  readonly world: Platform;
  readonly days: Days;
  readonly engine: Engine;
  readonly tenant: Engine['tenants'][number];
  readonly stream: string;
  readonly people: Map<string, Member>;
  /** The server is away, and everything else with it. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

async function live(): Promise<Life> {
  const days = new Days();
  const world = await platform({ auth0Clock: days.now, retentionDays: RETENTION_DAYS });
  const built = world.engine(OVERLAY);
  const at = <T extends object>(deps: T): T & { clock: Clock } => ({ ...deps, clock: days });
  const engine = { ...built, reconcile: at(built.reconcile), sweep: at(built.sweep), pull: at(built.pull) };
  await engine.prepare();
  const [first] = engine.tenants;
  if (first === undefined) throw new Error('There is no tenant.');
  const tenant = { ...first, logs: first.logs, directory: first.directory, logRetentionDays: RETENTION_DAYS };
  const { tenants } = world.config();
  const open = () =>
    createServer({
      tenants,
      ingest: (of, entries, unreadable, source) => ingest(engine.pull, of, entries, unreadable, source),
      ready: async () => undefined,
      log: silent(),
    });
  let server = open();
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(url).port);
  const stream = world.auth0.logStream.add({
    endpoint: `${url}/webhooks/auth0/${tenant.id}`,
    authorization: world.logToken,
    format: 'JSONLINES',
  });
  return {
    world,
    days,
    engine,
    tenant,
    stream,
    people: new Map(),
    goAway: () => server.close(),
    comeBack: async () => {
      server = open();
      await server.listen({ host: '127.0.0.1', port });
    },
  };
}

async function signUp({ world, people }: Life, name: string): Promise<Member> {
  const { email, password } = person(name);
  const { user_id } = await world.auth0.signUp({ email, password });
  await world.auth0.verifyEmail(user_id);
  const member = memberOf(user_id, email);
  people.set(name, member);
  return member;
}

/** Whoever is due is converged, until nobody is. */
async function settle({ engine: { reconcile: deps } }: Life): Promise<void> {
  const { queue, clock, settings } = deps;
  for (;;) {
    const lease = await queue.claim(clock.now(), settings.leaseMs);
    if (lease === undefined) return;
    await reconcile(deps, lease);
  }
}

async function pulled(life: Life): Promise<PullResult> {
  const result = await pull(life.engine.pull, life.tenant);
  await settle(life);
  return result;
}

async function swept(life: Life): Promise<SweepResult> {
  const end = await sweep(life.engine.sweep, life.tenant);
  if (end.type !== 'over') throw new Error(`The sweep is ${end.type}.`);
  await settle(life);
  return end;
}

async function causes({ engine, tenant }: Life): Promise<string[]> {
  return (await openGaps(engine.log, tenant.id)).map(({ cause }) => cause).sort();
}

/** Everything of a person that anybody can see, with what differs by chance named alike. */
async function stand({ world, engine, people }: Life): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for (const [name, member] of people) {
    const stored = await storedMember(world, member);
    const subject = await engine.subjects.get(member.user);
    const account = await accountOf(world, engine, member);
    const verification = await world.db
      .collection<{ _id: string; count: number }>('verifications')
      .findOne({ _id: member.user });
    const alike = (text: string | undefined) =>
      text?.replaceAll(member.label, name).replaceAll(stored?.code ?? 'none', 'CODE') ?? null;
    all[name] = {
      auth0: world.auth0.user(member.userId)?.email_verified ?? 'gone',
      verifications: verification?.count,
      code: stored?.code !== undefined,
      when: stored?.when?.toISOString() === world.auth0.user(member.userId)?.created_at || 'gone',
      recorded: alike(stored?.atproto?.handle),
      account: account === undefined ? null : [account.state, alike(account.handle), alike(account.email)],
      subject: subject && [subject.sync, subject.health, alike(subject.email), alike(subject.accountHandle)],
      conditions: subject?.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    };
  }
  return all;
}

/** While all is well. */
async function firstDay(life: Life): Promise<void> {
  const { world } = life;
  const alice = await signUp(life, 'alice');
  for (const name of ['bob', 'dave', 'frank']) await signUp(life, name);
  await chooseHandle(world, alice, alice.label);
  await world.auth0.logStream.flush();
  await settle(life);
  await pulled(life);
  await world.auth0.deleteUser(member(life, 'frank').userId);
  await world.auth0.logStream.flush();
  await settle(life);
}

/** What one tenant is told of, and the other is not. */
async function secondDay(life: Life): Promise<void> {
  const { auth0 } = life.world;
  await signUp(life, 'carol');
  const erin = person('erin');
  const { user_id } = await auth0.socialLogIn({ connection: 'google-oauth2', email: erin.email });
  life.people.set('erin', memberOf(user_id, erin.email));
  const alice = member(life, 'alice');
  await auth0.changeEmail(alice.userId, `new.${alice.email}`);
  await auth0.verifyEmail(alice.userId);
  await auth0.block(member(life, 'bob').userId);
  await auth0.deleteUser(member(life, 'dave').userId);
}

function member({ people }: Life, name: string): Member {
  const found = people.get(name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
}

test('days of silence, and the log too short for them: the end is the same, and nobody was removed behind the gap', async () => {
  const [told, silent] = await Promise.all([live(), live()]);
  await Promise.all([firstDay(told), firstDay(silent)]);
  expect(await stand(silent)).toEqual(await stand(told));

  await silent.goAway();
  for (const life of [told, silent]) life.days.pass(1);
  await Promise.all([secondDay(told), secondDay(silent)]);
  await told.world.auth0.logStream.flush();
  await settle(told);
  const failing = () => silent.world.auth0.logStream.failures(silent.stream).length > 0;
  await until('the stream fails', failing);
  for (let day = 0; day < 8; day += 1) {
    for (const life of [told, silent]) life.days.pass(1);
    expect(await pulled(told)).toMatchObject({ end: 'caught-up', gaps: [] });
  }
  const status = () => silent.world.auth0.logStream.status(silent.stream);
  await until('Auth0 has given the stream up', () => status() === 'suspended');

  // Somebody comes back: the log tells of nothing any more, and says so.
  await silent.comeBack();
  expect(await pulled(silent)).toMatchObject({ end: 'caught-up', accepted: 0, stream: 'suspended' });
  expect(await causes(silent)).toEqual(['retention-passed', 'stream-suspended']);
  // Nobody has heard of carol yet, and a grant by a person does nothing for frank, who is due.
  expect(await storedMember(silent.world, member(silent, 'carol'))).toBeUndefined();
  const frank = member(silent, 'frank');
  expect(await conditionOf(silent.engine, frank, 'account')).toMatchObject({ reason: 'RemovalDue' });

  // A look at everyone finds who was missed and closes what is lost; the stream is a gap still.
  expect(await swept(silent)).toMatchObject({ complete: true, removals: 0, halts: [] });
  expect(await causes(silent)).toEqual(['stream-suspended']);
  expect(await accountOf(silent.world, silent.engine, member(silent, 'carol'))).toMatchObject({
    state: 'active',
  });
  for (const name of ['dave', 'frank']) {
    expect(await accountOf(silent.world, silent.engine, member(silent, name))).toMatchObject({
      state: 'active',
    });
  }

  silent.world.auth0.logStream.resume(silent.stream);
  await silent.world.auth0.logStream.flush();
  expect(await pulled(silent)).toMatchObject({ end: 'caught-up', stream: 'active', gaps: [] });

  // By the second night the grace of everybody is over.
  for (let night = 0; night < 2; night += 1) {
    const through = async (life: Life) => {
      life.days.pass(1.1);
      await settle(life);
      await pulled(life);
      expect(await swept(life)).toMatchObject({ complete: true, halts: [] });
    };
    await Promise.all([through(told), through(silent)]);
  }
  const end = await stand(told);
  expect(await stand(silent)).toEqual(end);
  expect(end).toMatchObject({
    alice: { account: ['active', 'alice.at.test', 'new.alice@example.com'] },
    bob: { account: ['deactivated', 'CODE.at.test', 'bob@example.com'] },
    carol: { account: ['active', 'CODE.at.test', 'carol@example.com'] },
    dave: { account: null },
    erin: { account: ['active', 'CODE.at.test', 'erin@example.com'] },
    frank: { account: null },
  });
  await Promise.all([told.goAway(), silent.goAway()]);
  process.stdout.write(
    `R14: ${Object.keys(end).length} people, nine days of silence: the same end, 0 removed behind the gap\n`,
  );
});
