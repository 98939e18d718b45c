import { expect, it } from 'vitest';
import { LeaseLostError } from '../../../src/errors.ts';
import { eventLog } from '../../../src/mongo/log/event-log.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { historyReader, readModel } from '../../../src/mongo/subjects/read-model.ts';
import { subjectReader } from '../../../src/mongo/subjects/subjects.ts';
import { workQueue } from '../../../src/mongo/subjects/work-queue.ts';
import { openWorld } from '../world.ts';
import { alice, all, at, bob, person, signedUp, trigger, view } from './people.ts';

const world = openWorld();

async function make() {
  const db = world.fresh();
  await ensureCollections(db);
  return {
    db,
    log: eventLog(db),
    history: historyReader(db),
    queue: workQueue(db),
    subjects: subjectReader(db),
  };
}

it('lists everyone with events once, by key, whoever has more of them than a page holds', async () => {
  const { db, log, history } = await make();
  expect(await all(history.users())).toEqual([]);
  const many = Array.from({ length: 2_300 }, (_, index) => signedUp(`main:b${index}`, bob, at(index)));
  const crowd = Array.from({ length: 1_100 }, (_, index) => person(`user-${String(index).padStart(4, '0')}`));
  const others = [alice, ...crowd].map((who, index) => signedUp(`main:c${index}`, who, at(index)));
  await log.append([...many, ...others, { ...signedUp('main:n', alice, at(1)), user: null }]);
  expect(await all(history.users())).toEqual([alice, bob, ...crowd].map(({ user }) => user));
  const plan = await db
    .collection('concord.events')
    .find({ user: { $gt: '' } }, { projection: { _id: 0, user: 1 } })
    .sort({ user: 1 })
    .limit(1_000)
    .explain('executionStats');
  expect(plan['executionStats']).toMatchObject({ totalDocsExamined: 0, totalKeysExamined: 1_000 });
});

it('shows a view under a lease, with nothing else of the subject changed, and not without one', async () => {
  const { db, history, queue, subjects } = await make();
  await queue.markDue([trigger(alice, 'main:1')], at(1), 'sweep');
  const stored = () => db.collection<{ _id: string }>('concord.subjects').findOne({ _id: alice.user });
  const before = await stored();
  const lease = await queue.claimUser(alice, at(2), 60_000);
  if (lease === undefined) throw new Error('Somebody else is at work.');
  const model = readModel(db);
  await model.show(lease, view);
  await queue.release(lease);
  expect(await subjects.get(alice.user)).toEqual({ ...alice, ...view, dueAt: at(1) });
  expect((await subjects.holdersOfEmail('alice@example.com')).map(({ user }) => user)).toEqual([alice.user]);
  expect(await history.countSubjects()).toBe(1);
  await expect(model.show(lease, undefined)).rejects.toBeInstanceOf(LeaseLostError);

  const again = await queue.claimUser(alice, at(2), 60_000);
  if (again === undefined) throw new Error('Somebody else is at work.');
  await model.show(again, undefined);
  await queue.release(again);
  expect(await stored()).toEqual(before);
  expect(await subjects.holdersOfEmail('alice@example.com')).toEqual([]);
});
