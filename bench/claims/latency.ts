/** P13: from the webhook's answer to the account on record, with nothing else to do, one person at a time. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { createLogger } from '../../src/logger.ts';
import { startService } from '../../src/service/service.ts';
import type { Bench, Claim, Family } from '../claim.ts';
import { compare, compareAt } from '../measure.ts';
import { barePds } from '../rivals/bare-pds.ts';
import { newEntry, TENANT } from '../support/entries.ts';
import { newLabel, signUp } from '../support/people.ts';
import { openPlatform } from '../support/platform.ts';
import { postKept, sender } from '../support/post.ts';
import { timed } from '../support/work.ts';

const P13a: Claim = {
  id: 'P13a',
  name: 'webhook answered to account recorded, p50',
  against: 'one bare createInviteCode and createAccount',
  unit: 'ms',
  aim: { atMost: 1.2 },
};
const P13b: Claim = {
  ...P13a,
  id: 'P13b',
  name: 'webhook answered to account recorded, p99',
  aim: { atMost: 1.5 },
};

const WAIT_MS = 30_000;
/** How late an account may be seen. */
const LOOK_MS = 2;

export const latency: Family = { claims: [P13a, P13b], measure };

async function measure(bench: Bench): Promise<void> {
  const pds = await bench.pds();
  const platform = await openPlatform(await bench.mongod(), pds);
  const bare = barePds(pds);
  const ended = oneByOne();
  const service = await startService(platform.config, createLogger({ level: 'silent' }), (_lease, { end }) =>
    ended.tell(end),
  );
  const hook = sender(`${service.url}/webhooks/auth0/${TENANT.id}`, platform.logToken, 1);
  await answering(`${service.url}/readyz`);

  const ours = async (): Promise<number> => {
    const { userId } = signUp(platform);
    const entry = newEntry(0, 0);
    entry.data.user_id = userId;
    const done = ended.next();
    await postKept(hook, Buffer.from(JSON.stringify([entry])));
    const startedAt = performance.now();
    await accountOf(platform.db, userId);
    const ms = performance.now() - startedAt;
    // The next one is to find the queue empty.
    const end = await done;
    if (end !== 'converged') throw new Error(`a pass ended as ${end}`);
    return ms;
  };
  const against = () => timed(async () => bare.createAccount(newLabel(), await bare.createInvite()));

  // Percentiles want many: a round is one person a side.
  const rounds = await bench.turns({ ours, against }, { full: 150, quick: 12 });
  bench.report(P13a, compare(rounds));
  bench.report(P13b, compareAt(0.99, rounds));
  hook.close();
  await service.stop();
  await platform.close();
}

/** What is told next, one listener at a time. */
function oneByOne(): { tell(end: string): void; next(): Promise<string> } {
  let resolveNext: (end: string) => void = () => undefined;
  return {
    tell: (end) => resolveNext(end),
    next: () =>
      new Promise((resolve) => {
        resolveNext = resolve;
      }),
  };
}

/** Waits until a majority has a document that names the account: what the platform could act upon. */
async function accountOf(db: Db, user: string): Promise<void> {
  const users = db.collection<{ _id: string }>('users');
  const named = { _id: user, 'atproto.did': { $exists: true } };
  const deadline = Date.now() + WAIT_MS;
  while ((await users.findOne(named, { projection: { _id: 1 } })) === null) {
    if (Date.now() > deadline) throw new Error('a user who signed up got no account');
    await delay(LOOK_MS);
  }
}

async function answering(url: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await fetch(url)).ok) {
    if (Date.now() > deadline) throw new Error(`${url} did not become ready`);
    await delay(LOOK_MS);
  }
}
