/** Random histories: what people and Auth0 may do in any order, drawn from a seed. */
import { alice, bob, type Person } from '../mongo/people.ts';
import type { Scenario, Step } from './scenario.ts';
import { drawFrom } from './turns.ts';
import type { World } from './world.ts';

const NAMES = ['alice', 'al.ix', 'al_ix', 'music', 'al', 'stranger', 'hidden', undefined];
const DAY_MS = 86_400_000;

/** The steps that are dropped are those that a failure does not need. */
export function history(seed: number, dropped: readonly number[] = []): Scenario {
  const draw = drawFrom(seed);
  const length = 3 + draw(6);
  const steps = Array.from({ length }, (_, at) => ({ ...stepFrom(draw), ...{ at } }));
  const kept = steps.filter(({ at }) => !dropped.includes(at));
  return {
    name: `history(${seed}, [${dropped.join(', ')}])`,
    people: [alice, bob],
    policy: {
      blocked: draw(2) === 0 ? 'report' : 'deactivate',
      removal: (['report', 'deactivate', 'delete'] as const)[draw(3)] ?? 'report',
      remnant: 'recreate',
    },
    // At the end two sweeps with days between them: whatever was to be waited for is over.
    steps: [...kept, calm, calm, calm],
    isRandom: true,
  };
}

const calm: Step = { does: (tools) => tools.sweep(), waitsMs: 2 * DAY_MS };

function stepFrom(draw: (below: number) => number): Step {
  const who = draw(2) === 0 ? alice : bob;
  const delivers = draw(6) === 0 ? [] : [{ who, code: 's' }];
  const waitsMs = [0, 1_000, 30_000, 3_600_000, DAY_MS][draw(5)] ?? 0;
  const step = { delivers, waitsMs };
  const change = (changes: Parameters<World['change']>[1]): Step => ({
    ...step,
    happens: (world) => world.change(who, changes),
  });
  switch (draw(10)) {
    case 0:
    case 1:
      return change({});
    case 2:
      return change({ emailVerified: draw(2) === 0 });
    case 3:
      return change({ email: `${draw(2) === 0 ? 'shared' : 'other'}@example.com` });
    case 4:
      return change({ blocked: draw(2) === 0 });
    case 5:
    case 6: {
      const name = NAMES[draw(NAMES.length)];
      return { ...step, happens: (world) => world.choose(who, name) };
    }
    case 7:
      return {
        ...step,
        happens: (world) => world.directory.remove(who.userId),
        delivers: [{ who, code: 'sdu' }],
      };
    case 8:
      return { ...step, does: (tools) => tools.sweep() };
    default: {
      const port = (['accounts', 'auth0', 'documents'] as const)[draw(3)] ?? 'accounts';
      const code = draw(2) === 0 ? 'RATE_LIMITED' : 'UNREACHABLE';
      return {
        ...step,
        happens: (world) => {
          world.outage = { port, code, untilMs: world.nowMs + 20_000 };
        },
      };
    }
  }
}

/** What the conditions say has to be so: the oracle where there is no run to compare with. */
export function untruths(world: World, who: Person): string[] {
  const document = world.documents.users.get(who.user);
  const did = document?.account?.did;
  const account = did === undefined ? undefined : world.accounts.stored.get(did);
  const conditions = world.conditionsOf(who.user);
  const says = (reason: string): boolean =>
    conditions.some((condition) => condition.reason === reason && condition.status === 'True');
  const isHeld = conditions.some(({ held }) => held);
  const user = world.usersNow.get(who.userId);
  const flaws: string[] = [];
  const check = (isSo: boolean, flaw: string): void => {
    if (!isSo) flaws.push(`in the end ${flaw}`);
  };
  if (user !== undefined) check(document?.code !== undefined, 'there is no code');
  const wanted = user?.emailVerified === true && !user.blocked && user.email !== undefined;
  if (wanted && !isHeld)
    check(account?.status === 'active', 'there is no active account, and nobody is asked');
  if (wanted && account !== undefined && says('EmailSet'))
    check(account.email === user.email?.toLowerCase(), 'the address is another one, and is said to be right');
  const name = world.documents.handles.get(who.user);
  if (account?.status === 'active' && says('PlatformHandle'))
    check(
      account.handle === `${name?.replaceAll(/[._]/g, '-')}.at.test`,
      'the handle is said to be the platform’s',
    );
  if (user?.blocked === true && world.settings.policy.blocked === 'deactivate')
    check(account?.status !== 'active', 'the account of a blocked user is active');
  return flaws;
}
