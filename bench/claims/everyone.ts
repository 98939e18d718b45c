/** P8 to P10: looking at everyone. */

import type { AssessDeps } from '../../src/engine/reconcile/read-side.ts';
import { assess, isDrifted } from '../../src/engine/sweep/assess.ts';
import type { Auth0User } from '../../src/ports/auth0.ts';
import type { Bench, Claim, Family } from '../claim.ts';
import { type BarePds, barePds } from '../rivals/bare-pds.ts';
import { readPages } from '../rivals/keyset-pages.ts';
import { seedAudit } from '../rivals/seed-audit.ts';
import { type Account, type Crowd, settle } from '../support/crowd.ts';
import { newLabel } from '../support/people.ts';
import { openPlatform, type Platform } from '../support/platform.ts';
import { atOnce, rateOf } from '../support/work.ts';

const unit = 'users/s';
const P8: Claim = {
  id: 'P8',
  name: 'sweep of converged users, MongoDB part',
  against: "keyset pages, the subjects' keys among them, read and compared with nothing",
  unit,
  aim: { atLeast: 0.95 },
};
const P9: Claim = {
  id: 'P9',
  name: 'audit, MongoDB part',
  against: "the seed's three findOne a user",
  unit,
  aim: { atLeast: 90 },
};
const P10: Claim = {
  id: 'P10',
  name: 'audit with the PDS',
  against: "the seed's, with its login",
  unit,
  aim: { atLeast: 1_500 },
};

/** As large as a page of the listing that a sweep reads. */
const PAGE = 1_000;

export const everyone: Family = { claims: [P8, P9, P10], measure };

async function measure(bench: Bench): Promise<void> {
  await withoutPds(bench);
  await withPds(bench);
}

async function withoutPds(bench: Bench): Promise<void> {
  if (!bench.wants(P8) && !bench.wants(P9)) return;
  const pds = await bench.pds();
  const platform = await openPlatform(await bench.mongod(), pds);
  const count = bench.quick ? 5_000 : 20_000;
  const crowd = await settle(platform.db, count, pds.serviceDomain);
  const ours = looking(platform, crowd, crowd.accounts);
  const pages = async (): Promise<number> => {
    let read = 0;
    const rate = await rateOf(count, async () => {
      read = await readPages(platform.db);
    });
    if (read !== 4 * count) throw new Error(`${read} documents were read of ${4 * count}`);
    return rate;
  };
  await bench.compare(P8, { ours, against: pages }, { full: 36, quick: 7 });
  const few = crowd.users.slice(0, 200).map(({ userId }) => userId);
  const seed = seeing(platform, few);
  await bench.compare(P9, { ours, against: seed }, { full: 30, quick: 5 });
  await platform.close();
}

async function withPds(bench: Bench): Promise<void> {
  if (!bench.wants(P10)) return;
  const pds = await bench.pds();
  const platform = await openPlatform(await bench.mongod(), pds);
  const bare = barePds(pds);
  const real: Account[] = [];
  await atOnce(4, Array.from({ length: bench.quick ? 60 : 400 }, newLabel), async (label) => {
    real.push({ label, ...(await bare.createAccount(label, await bare.createInvite())) });
  });
  const crowd = await settle(platform.db, real.length, pds.serviceDomain, real);
  const ours = looking(platform, crowd, platform.engine.assess.accounts);
  const two = crowd.users.slice(0, 2).map(({ userId }) => userId);
  const seed = seeing(platform, two, bare);
  await bench.compare(P10, { ours, against: seed }, { full: 30, quick: 4 });
  await platform.close();
}

/** As sweep and audit look, page by page; throws when anybody is found to differ. */
function looking(platform: Platform, { users }: Crowd, accounts: Pick<AssessDeps['accounts'], 'accounts'>) {
  const { assess: wired, tenants } = platform.engine;
  const [tenant] = tenants;
  if (tenant === undefined) throw new Error('there is no tenant');
  const deps: AssessDeps = { ...wired, accounts: { ...wired.accounts, ...accounts } };
  const pages: Auth0User[][] = [];
  for (let from = 0; from < users.length; from += PAGE) pages.push(users.slice(from, from + PAGE));
  return () =>
    rateOf(users.length, async () => {
      for (const page of pages) {
        const drifted = (await assess(deps, tenant, page, new Date(), 'batch')).filter(isDrifted);
        if (drifted.length > 0) throw new Error(`${drifted.length} users differ: ${describe(drifted[0])}`);
      }
    });
}

function describe(one: Awaited<ReturnType<typeof assess>>[number] | undefined): string {
  const bad = one?.view.conditions.filter(({ status }) => status !== 'True') ?? [];
  return bad.map(({ type, reason }) => `${type} ${reason}`).join(', ');
}

function seeing({ db }: Platform, users: readonly string[], pds?: BarePds) {
  return () =>
    rateOf(users.length, async () => {
      const whole = await seedAudit(db, users, pds);
      if (whole !== users.length) throw new Error(`${whole} of ${users.length} users are whole`);
    });
}
