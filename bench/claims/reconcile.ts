/** P14: a pass over one user who is as desired, held against the reads that it cannot do without. */
import type { Bench, Claim, Family } from '../claim.ts';
import { barePds } from '../rivals/bare-pds.ts';
import { signUp } from '../support/people.ts';
import { openPlatform } from '../support/platform.ts';
import { reconcileOne } from '../support/reconciling.ts';
import { timed } from '../support/work.ts';

const P14: Claim = {
  id: 'P14',
  name: 'reconcile of one converged user',
  against: 'the reads it cannot do without, side by side where they can be',
  unit: 'ms',
  aim: { atMost: 1.3 },
};

/** Passes one after another in one figure. */
const PASSES = 10;

export const reconciling: Family = { claims: [P14], measure };

async function measure(bench: Bench): Promise<void> {
  const pds = await bench.pds();
  const platform = await openPlatform(await bench.mongod(), pds);
  const { user, userId, trigger } = signUp(platform);

  const pass = (): Promise<void> => reconcileOne(platform.engine.reconcile, trigger);
  await pass();
  await pass();

  const bare = barePds(pds);
  const token = await tokenOf(platform);
  const one = { _id: user as never };
  const reads = async (): Promise<void> => {
    const events = platform.db.collection('concord.events').find({ user }).toArray();
    const profile = fetch(`${platform.auth0.url}/api/v2/users/${encodeURIComponent(userId)}`, {
      headers: { authorization: `Bearer ${token}` },
    }).then((answer) => answer.json());
    const documents = ['users', 'verifications', '@handles'].map((name) =>
      platform.db.collection(name).findOne(one),
    );
    const [stored] = await Promise.all([...documents, events, profile]);
    const did = String((stored as { atproto?: { did?: string } } | null)?.atproto?.did);
    await Promise.all([bare.get('admin.getAccountInfo', { did }), bare.get('sync.getRepoStatus', { did })]);
  };
  const times = (work: () => Promise<void>) => () =>
    timed(async () => {
      for (let done = 0; done < PASSES; done += 1) await work();
    }).then((ms) => ms / PASSES);
  await bench.compare(P14, { ours: times(pass), against: times(reads) }, { full: 42, quick: 9 });
  await platform.close();
}

async function tokenOf({ auth0, config }: Awaited<ReturnType<typeof openPlatform>>): Promise<string> {
  const [tenant] = config.tenants;
  const answer = await fetch(`${auth0.url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      grant_type: 'client_credentials',
      client_id: tenant?.clientId,
      client_secret: tenant?.clientSecret,
      audience: `https://${auth0.domain}/api/v2/`,
    }),
  });
  const body = (await answer.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`no token: ${answer.status}`);
  return body.access_token;
}
