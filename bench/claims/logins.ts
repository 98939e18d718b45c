/** C3: what logins cost of the quota of Auth0, which Concord shares with the platform. */
import type { ReconcileDeps } from '../../src/engine/reconcile/reconcile.ts';
import type { Bench, Claim, Family } from '../claim.ts';
import { type Crowd, settle } from '../support/crowd.ts';
import { newLogin } from '../support/entries.ts';
import { openPlatform } from '../support/platform.ts';
import { deliver, reconcileDue } from '../support/reconciling.ts';

const C3: Claim = {
  id: 'C3',
  name: '20 logins of each user in sync, reads of Auth0',
  against: 'one for each user',
  unit: 'reads',
  aim: { atMost: 1 },
};

/** Of each user, within the day for which a read of Auth0 counts as fresh. */
const LOGINS = 20;
const WORKERS = 8;
/** Counts against another limit. */
const TOKEN_ROUTE = '/oauth/token';

export const logins: Family = { claims: [C3], measure };

async function measure(bench: Bench): Promise<void> {
  const pds = await bench.pds();
  const platform = await openPlatform(await bench.mongod(), pds);
  const count = bench.quick ? 100 : 1_000;
  const crowd = await settle(platform.db, count, pds.serviceDomain);
  for (const { userId, email = '' } of crowd.users)
    platform.auth0.addUser({ user_id: userId, email, email_verified: true });
  const deps = withAccounts(platform.engine.reconcile, crowd);
  let ends = 0;
  for (let login = 0; login < LOGINS; login += 1) {
    await deliver(
      platform,
      crowd.users.map(({ userId }) => newLogin(userId)),
    );
    ends += await reconcileDue(deps, WORKERS);
  }
  if (ends !== LOGINS * count) throw new Error(`${ends} reconciliations ended of ${LOGINS * count}`);
  const { requests } = platform.auth0;
  const ours = requests.total() - requests.count('POST', TOKEN_ROUTE);
  bench.reportFigure(C3, { ours, against: count, ratio: ours / count });
  await platform.close();
}

/** The PDS answers as one that has all of these accounts. */
function withAccounts(deps: ReconcileDeps, { accounts }: Crowd): ReconcileDeps {
  return {
    ...deps,
    accounts: {
      ...deps.accounts,
      account: async (did) => {
        const account = (await accounts.accounts([did])).get(did);
        return account === undefined || account === 'unreadable'
          ? 'missing'
          : { ...account, state: 'active' };
      },
    },
  };
}
