/** P16 and P17: what a user costs about whom Auth0 has sent a great deal, held against one about whom it sent little. */

import { timelineAnswer } from '../../src/dashboard-data/timeline.ts';
import { userAnswer } from '../../src/dashboard-data/user.ts';
import { explainUser } from '../../src/engine/reports/explain-user.ts';
import type { Bench, Claim, Family } from '../claim.ts';
import { eventsOf, newLogin } from '../support/entries.ts';
import { type Person, signUp } from '../support/people.ts';
import { openPlatform, type Platform } from '../support/platform.ts';
import { reconcileOne } from '../support/reconciling.ts';
import { timed } from '../support/work.ts';

const P16: Claim = {
  id: 'P16',
  name: 'reconcile of a user with 200,000 entries, CPU',
  against: 'of a user with 10',
  unit: 'ms',
  aim: { atMost: 1.2 },
};
const P16_MEMORY: Claim = {
  id: 'P16m',
  name: 'reconcile of a user with 200,000 entries, resident memory',
  against: 'of a user with 10',
  unit: 'MiB',
  aim: { atMost: 1.1 },
};
const P17: Claim = {
  id: 'P17',
  name: 'explain, page and timeline of a user with 200,000 entries',
  against: 'of a user with 10',
  unit: 'ms',
  aim: { atMost: 2 },
};

const MANY = 200_000;
const FEW = 10;
const APPENDED_AT_ONCE = 1_000;
/** Passes one after another in one figure. */
const PASSES = 10;

export const history: Family = { claims: [P16, P16_MEMORY, P17], measure };

async function measure(bench: Bench): Promise<void> {
  const platform = await openPlatform(await bench.mongod(), await bench.pds());
  const [much, little] = [signUp(platform), signUp(platform)];
  for (const person of [much, little]) {
    await passes(platform, person, 2);
    await logIn(platform, person, person === much ? MANY : FEW);
  }
  const cpu = (person: Person) => () => cpuOf(() => passes(platform, person, PASSES));
  await bench.compare(P16, { ours: cpu(much), against: cpu(little) }, { full: 42, quick: 9 });
  if (bench.wants(P16_MEMORY)) {
    const against = await residentAfter(() => passes(platform, little, PASSES));
    const ours = await residentAfter(() => passes(platform, much, PASSES));
    bench.reportFigure(P16_MEMORY, { ours, against, ratio: ours / against });
  }
  const shown = (person: Person) => () => timed(() => show(platform, person));
  await bench.compare(P17, { ours: shown(much), against: shown(little) }, { full: 42, quick: 9 });
  await platform.close();
}

async function logIn({ engine }: Platform, { userId, user }: Person, count: number): Promise<void> {
  for (let left = count; left > 0; left -= APPENDED_AT_ONCE) {
    const entries = Array.from({ length: Math.min(left, APPENDED_AT_ONCE) }, () => newLogin(userId));
    const events = eventsOf(entries);
    if (events.some((event) => event.user !== user)) throw new Error('a login is of another user');
    await engine.log.append(events);
  }
}

async function passes({ engine }: Platform, { trigger }: Person, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await reconcileOne(engine.reconcile, trigger);
}

/** Everything that a person reads about one user, by the log. */
async function show({ engine }: Platform, { user, userId }: Person): Promise<void> {
  const { oneUser, clock } = engine;
  const [tenant] = oneUser.tenants;
  if (tenant === undefined) throw new Error('there is no tenant');
  const deps = { ...oneUser.assess, pages: oneUser.pages };
  const asked = { isOffline: true };
  const { isKnown } = await explainUser(deps, { user, userId, tenant }, clock.now(), asked);
  if (!isKnown) throw new Error('the user is unknown');
  await userAnswer(oneUser, user);
  await timelineAnswer({ ...oneUser, subjects: engine.subjects }, user, undefined);
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

async function residentAfter(work: () => Promise<void>): Promise<number> {
  await work();
  return process.memoryUsage.rss() / 1_048_576;
}
