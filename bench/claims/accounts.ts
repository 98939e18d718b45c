/** P11 and P12: creating accounts while the queue is full, and what the invite codes take of it. */

import type { ReconcileDeps } from '../../src/engine/reconcile/reconcile.ts';
import { reconcile } from '../../src/engine/reconcile/reconcile.ts';
import { Workers } from '../../src/engine/reconcile/workers.ts';
import { createLogger } from '../../src/logger.ts';
import type { Bench, Claim, Family } from '../claim.ts';
import { compare, median, percentile } from '../measure.ts';
import { barePds } from '../rivals/bare-pds.ts';
import { newLabel, signUp } from '../support/people.ts';
import { openPlatform, type Platform } from '../support/platform.ts';
import { atOnce, rateOf, timed } from '../support/work.ts';

const P11a: Claim = {
  id: 'P11a',
  name: 'accounts created, queue full',
  against: 'bare createAccount, 4 at once',
  unit: 'accounts/s',
  aim: { atLeast: 0.9 },
};
const P11b: Claim = {
  id: 'P11b',
  name: 'the same, p99 of one createAccount',
  against: 'bare createAccount, 4 at once',
  unit: 'ms',
  aim: { atMost: 1.1 },
};
const P12: Claim = {
  id: 'P12',
  name: 'invite code of one account',
  against: 'its createAccount',
  unit: 'ms',
  aim: { atMost: 0.01 },
};

const AT_ONCE = 4;

export const accounts: Family = { claims: [P11a, P11b, P12], measure };

interface Times {
  readonly creations: number[];
  readonly invites: number[];
}

async function measure(bench: Bench): Promise<void> {
  const pds = await bench.pds();
  const platform = await openPlatform(await bench.mongod(), pds);
  const bare = barePds(pds);
  const each = bench.quick ? 12 : 24;
  const ours: Times = { creations: [], invites: [] };
  const theirs: number[] = [];
  const deps = timing(platform.engine.reconcile, ours);

  const against = async (): Promise<number> => {
    const codes = await Promise.all(Array.from({ length: each }, () => bare.createInvite()));
    return rateOf(each, () =>
      atOnce(AT_ONCE, codes, async (code) => {
        theirs.push(await timed(() => bare.createAccount(newLabel(), code)));
      }),
    );
  };
  const rounds = await bench.turns(
    { ours: () => convergeAll(platform, deps, each), against },
    { full: 30, quick: 3 },
  );
  const comparison = compare(rounds);
  bench.report(P11a, comparison);
  const p99 = { ours: percentile(ours.creations, 0.99), against: percentile(theirs, 0.99) };
  bench.report(P11b, {
    ...comparison,
    ...p99,
    ratio: p99.ours / p99.against,
    spread: quartiles(ours.creations, theirs),
  });
  const sum = (times: readonly number[]): number => times.reduce((total, ms) => total + ms, 0);
  const invite = sum(ours.invites) / ours.creations.length;
  const creation = median(ours.creations);
  bench.report(P12, {
    ...comparison,
    ours: invite,
    against: creation,
    ratio: invite / creation,
    spread: [invite / percentile(ours.creations, 0.75), invite / percentile(ours.creations, 0.25)],
  });
  await platform.close();
}

/** How many users a second the workers make whole, all of them due beforehand. */
async function convergeAll(platform: Platform, deps: ReconcileDeps, users: number): Promise<number> {
  const { queue, clock, settings } = deps;
  const people = Array.from({ length: users }, () => signUp(platform));
  await queue.markDue(
    people.map(({ trigger }) => trigger),
    clock.now(),
    'trigger',
  );
  let converged = 0;
  const workers = new Workers({
    queue,
    clock,
    settings,
    logger: createLogger({ level: 'silent' }),
    reconcile: (lease) => reconcile(deps, lease),
    onReconciliation: (_lease, { end }) => {
      if (end === 'converged') converged += 1;
    },
  });
  const rate = await rateOf(users, () => workers.runUntil(async () => true));
  if (converged !== users) throw new Error(`${converged} of ${users} users converged`);
  return rate;
}

function timing(deps: ReconcileDeps, times: Times): ReconcileDeps {
  const { accounts: host } = deps;
  const took = async <T>(kept: number[], call: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const result = await call();
    kept.push(performance.now() - startedAt);
    return result;
  };
  return {
    ...deps,
    accounts: {
      ...host,
      createInvite: () => took(times.invites, () => host.createInvite()),
      createAccount: (account) => took(times.creations, () => host.createAccount(account)),
    },
  };
}

function quartiles(ours: readonly number[], against: readonly number[]): [number, number] {
  const middle = median(against);
  return [percentile(ours, 0.25) / middle, percentile(ours, 0.75) / middle];
}
