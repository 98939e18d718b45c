import { describe, expect, it } from 'vitest';
import { parseTenantId } from '../../../src/identity.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { subjectReader } from '../../../src/mongo/subjects/subjects.ts';
import { workQueue } from '../../../src/mongo/subjects/work-queue.ts';
import type { Lease } from '../../../src/ports/queue.ts';
import { openWorld } from '../world.ts';
import { alice, aliceDid, all, at, bob, bobDid, person, tenant, trigger, view } from './people.ts';
import { workQueueContract } from './work-queue.contract.ts';

const world = openWorld();
const minute = 60_000;

async function make() {
  const db = world.fresh();
  await ensureCollections(db);
  return { db, queue: workQueue(db), subjects: subjectReader(db) };
}

workQueueContract(make);

describe('the work queue in MongoDB', () => {
  it('of some tenants leaves the users of the others to whoever serves them', async () => {
    const { db, queue } = await make();
    const other = parseTenantId('other');
    if (other === undefined) throw new Error('The name of the other tenant does not parse.');
    const bob = { ...trigger(person('bob')), tenant: other };
    await queue.markDue([bob], at(1), 'trigger');
    const ours = workQueue(db, [tenant]);
    expect(await ours.claim(at(2), minute)).toBeUndefined();
    expect(await ours.nextDueAt()).toBeUndefined();
    expect((await subjectReader(db, [tenant]).backlog(at(2))).due).toBe(0);
    expect((await subjectReader(db, [other]).backlog(at(2))).due).toBe(1);
    expect(await workQueue(db, [other]).claim(at(2), minute)).toMatchObject({ user: bob.user });
  });

  it('gives 32 workers 1,000 users with no overlap, and every user once', async () => {
    const { queue } = await make();
    const people = Array.from({ length: 1_000 }, (_, index) => person(`user-${index}`));
    await queue.markDue(
      people.map((who) => trigger(who)),
      at(1),
      'trigger',
    );
    const seen: string[] = [];
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        for (let lease = await queue.claim(at(2), minute); lease !== undefined; ) {
          seen.push(lease.user);
          await queue.complete(lease, view, at(2));
          lease = await queue.claim(at(2), minute);
        }
      }),
    );
    expect(seen).toHaveLength(1_000);
    expect(new Set(seen).size).toBe(1_000);
    expect(await queue.nextDueAt()).toBeUndefined();
  });

  it('lets one of 32 have a lease that ran out, and only its completion count', async () => {
    const { queue } = await make();
    await queue.markDue([trigger(alice)], at(1), 'trigger');
    const leases: Lease[] = [];
    for (let round = 0; round < 10; round++) {
      const now = at(1 + round * 60);
      const claims = await Promise.all(Array.from({ length: 32 }, () => queue.claim(now, minute)));
      const won = claims.filter((lease) => lease !== undefined);
      expect(won).toHaveLength(1);
      leases.push(...won);
    }
    const ends = await Promise.allSettled(leases.map((lease) => queue.complete(lease, view, at(1_000))));
    expect(ends.map((end) => end.status)).toEqual([...Array<string>(9).fill('rejected'), 'fulfilled']);
  });

  it('lets one of many have a user nobody had heard of', async () => {
    const { queue } = await make();
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => queue.claimUser(trigger(alice), at(1), minute)),
    );
    expect(claims.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  it('counts every mark of many that come at once', async () => {
    const { queue } = await make();
    const people = Array.from({ length: 20 }, (_, index) => trigger(person(`user-${index}`)));
    await Promise.all(Array.from({ length: 50 }, () => queue.markDue(people, at(1), 'trigger')));
    const leases = await Promise.all(people.map(() => queue.claim(at(1), minute)));
    expect(new Set(leases.map((lease) => lease?.user)).size).toBe(20);
    expect(leases.map((lease) => lease?.dueCount)).toEqual(Array<number>(20).fill(50));
  });

  it('marks new and known users of one call alike', async () => {
    const { queue } = await make();
    const people = Array.from({ length: 30 }, (_, index) => person(`user-${index}`));
    await queue.markDue(
      people.slice(0, 10).map((who) => trigger(who, 'main:1')),
      at(1),
      'sweep',
    );
    // First inserted, and those refused upserted; then upserted all.
    await queue.markDue(
      people.slice(0, 20).map((who) => trigger(who, 'main:2')),
      at(2),
      'trigger',
    );
    await queue.markDue(
      people.map((who) => trigger(who, 'main:3')),
      at(3),
      'trigger',
    );
    const leases = new Map<string, Lease | undefined>();
    for (const _ of people) {
      const lease = await queue.claim(at(3), minute);
      if (lease !== undefined) leases.set(lease.user, lease);
    }
    const found = people.map(({ user }) => leases.get(user));
    expect(found.map((lease) => lease?.dueCount)).toEqual(
      people.map((_, at) => [3, 2, 1][Math.floor(at / 10)]),
    );
    expect(found[0]).toMatchObject({ dueSince: at(1), causes: ['main:1', 'main:2', 'main:3'] });
    expect(found[10]).toMatchObject({ dueSince: at(2), causes: ['main:2', 'main:3'] });
    expect(found[20]).toMatchObject({ dueSince: at(3), causes: ['main:3'] });
  });

  it('loses no mark that comes while passes end', async () => {
    const { queue } = await make();
    let answered = 0;
    const marking = (async () => {
      for (let n = 0; n < 200; n++) await queue.markDue([trigger(alice)], at(n), 'trigger');
    })();
    const work = async (): Promise<void> => {
      const lease = await queue.claim(at(1_000), minute);
      if (lease === undefined) return;
      await queue.complete(lease, view, at(1_000));
      answered += 1;
    };
    await Promise.all([marking, ...Array.from({ length: 100 }, () => work())]);
    await work();
    expect(answered).toBeGreaterThan(0);
    expect(await queue.nextDueAt()).toBeUndefined();
  });

  it('claims by an index, in its order, with nothing sorted in memory', async () => {
    const { db, queue } = await make();
    await queue.markDue([trigger(alice)], at(1), 'trigger');
    const due = { 'due.at': { $lte: at(2) }, 'lease.until': { $not: { $gt: at(2) } } };
    const cursor = db.collection('concord.subjects').find(due).sort({ 'due.priority': 1, 'due.at': 1 });
    const plan = JSON.stringify(await cursor.explain('queryPlanner'));
    expect(plan).toContain('"indexName":"due"');
    expect(plan).not.toContain('"stage":"SORT"');
  });

  it('finds the holders of a DID and the users out of sync without reading the others', async () => {
    const { db, queue, subjects } = await make();
    const crowd = Array.from({ length: 300 }, (_, index) => person(`user-${String(index).padStart(3, '0')}`));
    await queue.markDue(
      crowd.map((who) => trigger(who)),
      at(1),
      'sweep',
    );
    const stored = db.collection<{ _id: string }>('concord.subjects');
    const inSync = { 'view.sync': 'Synced', 'view.did': bobDid };
    await stored.updateMany({}, { $set: inSync });
    const last = crowd.at(-1)?.user ?? '';
    await stored.updateOne({ _id: last }, { $set: { 'view.sync': 'OutOfSync', 'view.did': aliceDid } });

    // What is recorded are the queries as they are made, and not as a test repeats them.
    await db.command({ profile: 2 });
    expect(await subjects.holdersOfDid(aliceDid)).toEqual([last]);
    expect((await all(subjects.list(tenant, { unsettled: true }))).map(({ user }) => user)).toEqual([last]);
    await db.command({ profile: 0 });
    const queries = await db
      .collection('system.profile')
      .find({ op: 'query', ns: `${db.databaseName}.concord.subjects` })
      .toArray();
    expect(queries).toHaveLength(2);
    for (const { planSummary, docsExamined } of queries) {
      expect(planSummary).toContain('IXSCAN');
      expect(docsExamined).toBe(1);
    }
  });

  it('lists more than one page, each subject once', async () => {
    const { queue, subjects } = await make();
    const people = Array.from({ length: 2_001 }, (_, index) =>
      person(`user-${String(index).padStart(5, '0')}`),
    );
    await queue.markDue(
      people.map((who) => trigger(who)),
      at(1),
      'sweep',
    );
    const listed = await all(subjects.list(tenant));
    expect(listed.map((subject) => subject.user)).toEqual(people.map((who) => who.user));
  });

  it('finds successors by indexes, which hold nobody who has nothing to be found by', async () => {
    const { db, queue, subjects } = await make();
    const linking = { ...view, verifiedEmail: undefined, linked: [bob.userId] };
    for (const [who, shown] of [
      [alice, linking],
      [bob, { ...view, verifiedEmail: undefined }],
    ] as const) {
      const lease = await queue.claimUser(trigger(who), at(1), minute);
      if (lease !== undefined) await queue.complete(lease, shown, at(1));
    }
    const stored = db.collection<{ _id: string; linkedIds?: unknown }>('concord.subjects');
    expect(await stored.countDocuments({ linkedIds: { $exists: true } })).toBe(1);
    for (const query of [
      { linkedIds: { $eq: bob.userId }, tenant: { $eq: tenant } },
      { verifiedEmailHash: { $in: ['a', 'b'] } },
    ]) {
      const plan = JSON.stringify(await stored.find(query).sort({ _id: 1 }).explain('queryPlanner'));
      expect(plan).not.toContain('COLLSCAN');
      expect(plan).toContain('IXSCAN');
    }
    expect(await subjects.successorsOf({ ...bob, emails: [] })).toEqual([
      { user: alice.user, by: 'identity' },
    ]);
  });

  it('keeps a view whose address is longer than an index key may be', async () => {
    const { queue, subjects } = await make();
    const accountEmail = `${'a'.repeat(2_000)}@example.com`;
    const lease = await queue.claimUser(trigger(alice), at(1), minute);
    if (lease !== undefined) await queue.complete(lease, { ...view, accountEmail }, at(1));
    expect((await subjects.holdersOfEmail(accountEmail)).map(({ user }) => user)).toEqual([alice.user]);
  });
});
