/**
 * A PDS that is killed, answers late or not at all, or says that it has had enough: every user ends with one
 * account all the same, and the PDS with no account that is nobody's.
 */
import { randomInt } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Pds } from '../../src/sandbox/servers/pds.ts';
import { type Engine, wireEngine } from '../../src/wiring/engine.ts';
import { chooseHandle, conditionOf, eventsOf, join, type Member, reconcileUser } from '../support/member.ts';
import { person, xrpc } from '../support/pds.ts';
import { type Overlay, openPlatform, type Platform, silent } from '../support/platform.ts';
import { WITHOUT_LIMIT, whileProgressing } from '../support/progress.ts';
import { figure } from './support/figure.ts';
import { type PdsLine, pdsLine } from './support/pds-line.ts';
import { deliver, entryOf } from './support/scenarios.ts';
import { explainedLeaks, flawsOf, hostedDids, writtenByAnotherReconciliation } from './support/whole.ts';
import { atTime, jumpingClock, leaping, ownPds, untilQuiet } from './support/world.ts';

const CREATE = 'com.atproto.server.createAccount';
/** Milliseconds into a createAccount, which takes the PDS some eighty: keys, directory, database, events. */
const INTO_CREATION = [0, 10, 25, 40, 55, 70, 90];
const OVERLAY: Overlay = {
  pds: { requestTimeoutMs: 5_000 },
  // One pass at a time, because the clock jumps while nobody is at work.
  engine: { concurrency: 1, leaseMs: 12_000, settleMs: 5_001 },
};

let pds: Pds;
let line: PdsLine;
let world: Platform;
beforeAll(async () => {
  pds = await ownPds();
  line = await pdsLine(() => pds.url);
  world = await openPlatform({
    pds: {
      ...{ url: line.url, plcUrl: pds.plcUrl },
      ...{ adminPassword: pds.adminPassword, bypassKey: pds.bypassKey },
    },
  });
});
afterEach(() => {
  line.meddle(undefined);
  line.comeFrom(undefined);
});
afterAll(async () => {
  await world?.close();
  line?.close();
  await pds?.stop();
});

/** A test that may take any time while calls go through the line. */
function limited(name: string, run: () => Promise<void>): void {
  test(name, WITHOUT_LIMIT, () => whileProgressing(() => line.allCalls(), run));
}

/** Users of all tests here, since they share the PDS that is counted through at the end of each. */
const everyone: { readonly member: Member; readonly name: string }[] = [];

async function newcomer(engine: Engine, name = ''): Promise<Member> {
  const member = join(world, 'alice');
  everyone.push({ member, name });
  await chooseHandle(world, member, member.label);
  await deliver(engine, member, entryOf(member, 'ss'));
  return member;
}

/** Returns how many DIDs were left behind in the PLC directory; each is told of in the log. */
async function expectEveryoneWhole(engine: Engine): Promise<number> {
  line.meddle(undefined);
  const flaws: string[] = [];
  let told = 0;
  const judge = async ({ member, name }: (typeof everyone)[number]): Promise<void> => {
    for (const flaw of await flawsOf(world, engine, member, { handle: member.label }))
      flaws.push(`${name} ${flaw}`);
    told += explainedLeaks(await engine.log.ofUser(member.user));
  };
  // A login costs the PDS a good deal, so not all at once.
  for (let from = 0; from < everyone.length; from += 4) {
    await Promise.all(everyone.slice(from, from + 4).map(judge));
  }
  expect(flaws).toEqual([]);
  const hosted = await hostedDids(engine);
  expect(hosted.size).toBe(everyone.length);
  const members = everyone.map(({ member }) => member);
  expect(await writtenByAnotherReconciliation(world, engine, members)).toEqual([]);
  const leaked = (await pds.plcOperations()) - hosted.size;
  expect(leaked).toBeLessThanOrEqual(told);
  return leaked;
}

limited('killed in the middle of creating an account', async () => {
  const engine = leaping(world.engine(OVERLAY));
  await engine.prepare();
  for (const intoMs of INTO_CREATION) {
    const member = await newcomer(engine, `killed after ${intoMs} ms`);
    let killed: Promise<void> | undefined;
    const onForwarded = (): void => {
      killed ??= new Promise((resolve) => setTimeout(() => resolve(pds.kill()), intoMs));
    };
    line.meddle((method) => (method === CREATE && killed === undefined ? { onForwarded } : undefined));
    await reconcileUser(engine.reconcile, member);
    await killed;
    expect(killed).toBeDefined();
    await pds.restart();
    await untilQuiet(engine);
  }
  const leaked = await expectEveryoneWhole(engine);
  figure(
    `PDS: ${INTO_CREATION.length} kills within createAccount, 0 doubled, 0 stranded, ${leaked} DIDs leaked`,
  );
});

describe('answers', () => {
  limited('any one of them is lost, after the PDS has done what it was asked', async () => {
    const engine = leaping(world.engine(OVERLAY));
    await engine.prepare();
    let calls = 0;
    line.meddle(() => {
      calls += 1;
      return undefined;
    });
    await newcomer(engine);
    await untilQuiet(engine);
    const all = calls;
    for (let at = 0; at < all; at += 1) {
      calls = 0;
      line.meddle(() => {
        calls += 1;
        return calls === at + 1 ? { answer: async () => 'lost' } : undefined;
      });
      await newcomer(engine, `answer ${at} lost`);
      await untilQuiet(engine);
    }
    const leaked = await expectEveryoneWhole(engine);
    figure(`PDS: ${all} answers lost one by one, 0 doubled, 0 stranded, ${leaked} DIDs leaked`);
  });

  limited('the answer to a creation comes after we have stopped waiting for it', async () => {
    const impatient = { ...OVERLAY, pds: { requestTimeoutMs: 1_000 } };
    const [engine, patient] = [leaping(world.engine(impatient)), leaping(world.engine(OVERLAY))];
    await engine.prepare();
    let late: () => void = () => undefined;
    const isLate = new Promise<'on its way'>((resolve) => {
      late = () => resolve('on its way');
    });
    line.meddle((method) => (method === CREATE ? { answer: () => isLate } : undefined));
    const member = await newcomer(engine, 'late');
    const { failures } = await reconcileUser(engine.reconcile, member);
    expect(failures).toMatchObject([{ code: 'TIMEOUT' }]);
    late();
    line.meddle(undefined);
    await untilQuiet(engine);
    await expectEveryoneWhole(patient);
  });

  limited('the lease runs out while the PDS takes its time, and another worker goes on', async () => {
    const clock = jumpingClock();
    // The call is held up until the other worker is done, in real time, and is to end by its answer.
    const patient: Overlay = {
      pds: { requestTimeoutMs: 60_000 },
      engine: { concurrency: 1, leaseMs: 130_000, settleMs: 60_001 },
    };
    const [slow, other] = [atTime(world.engine(patient), clock), atTime(world.engine(patient), clock)];
    await slow.prepare();
    let release: () => void = () => undefined;
    let arrived: () => void = () => undefined;
    const isReleased = new Promise<'on its way'>((resolve) => {
      release = () => resolve('on its way');
    });
    const hasArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const held = {
      answer: () => {
        arrived();
        return isReleased;
      },
    };
    line.meddle((method) => (method === CREATE ? held : undefined));
    const member = await newcomer(slow, 'lease lost');
    const pass = reconcileUser(slow.reconcile, member);
    await hasArrived;
    line.meddle(undefined);
    await untilQuiet(other);
    release();
    expect(await pass).toMatchObject({ end: 'lease-lost' });
    // What came after the lease may have undone what the other worker did, so the user is due again.
    await untilQuiet(other);
    await expectEveryoneWhole(other);
  });
});

limited('rate limited: nobody is given up, and all converge when the limit no longer holds', async () => {
  // A bucket of our own: the PDS believes a proxy on loopback, and this range is reserved for tests.
  const limited = { 'x-forwarded-for': `198.18.${randomInt(256)}.${randomInt(256)}` };
  for (let count = 0; count < 100; count += 1) {
    await xrpc(pds.url, CREATE, { input: { ...person('bob') }, headers: limited });
  }
  const config = world.config(OVERLAY);
  const { rateLimitBypassKey: _without, ...pdsConfig } = config.pds;
  const wired = wireEngine({ ...config, pds: pdsConfig }, silent());
  onTestFinished(() => wired.close());
  const engine = leaping(wired);
  await engine.prepare();
  line.comeFrom(limited['x-forwarded-for']);
  const members = [];
  for (let count = 0; count < 5; count += 1) members.push(await newcomer(engine, 'rate limited'));
  // More passes than the failures that would put a user into quarantine.
  for (let round = 0; round < 12; round += 1) {
    for (const member of members) await reconcileUser(engine.reconcile, member);
  }
  for (const member of members) {
    expect(await eventsOf(engine, member, 'user.quarantined', 'converge.failed', 'account.created')).toEqual(
      [],
    );
    expect(await conditionOf(engine, member, 'account')).toMatchObject({ status: 'False', held: false });
  }
  const calls = line.calls(CREATE);

  // As after a restart with the bypass key: the limit is no longer ours.
  const lifted = leaping(world.engine(OVERLAY));
  await untilQuiet(lifted);
  await expectEveryoneWhole(lifted);
  expect(line.calls(CREATE) - calls).toBe(members.length);
});
