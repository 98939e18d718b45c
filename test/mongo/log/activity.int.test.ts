/** What happened, counted by the real server. */
import { describe, expect, it } from 'vitest';
import { activityReader } from '../../../src/mongo/log/activity.ts';
import { eventLog } from '../../../src/mongo/log/event-log.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { alice, at, signedUp } from '../subjects/people.ts';
import { openWorld } from '../world.ts';
import { activityContract } from './activity.contract.ts';

const world = openWorld();

describe('activity in MongoDB', () => {
  activityContract(async (events) => {
    const db = world.fresh();
    await ensureCollections(db);
    await eventLog(db).append(events);
    return activityReader(db);
  });
});

it('reads no event for it but those that converged', async () => {
  const db = world.fresh();
  await ensureCollections(db);
  await eventLog(db).append(
    Array.from({ length: 50 }, (_, index) => signedUp(`main:${index}`, alice, at(index))),
  );
  await db.command({ profile: 2 });
  await activityReader(db).activity(at(0), at(60), 60_000);
  await db.command({ profile: 0 });
  const asked = await db
    .collection('system.profile')
    .find({ op: 'command', 'command.aggregate': 'concord.events' })
    .toArray();
  expect(asked.map(({ docsExamined }) => docsExamined)).toEqual([0, 0]);
});
