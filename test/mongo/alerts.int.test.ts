/** Alerts on the real server, and what is asked of it about everybody. */
import { describe, expect, it } from 'vitest';
import { alertStore } from '../../src/mongo/alerts.ts';
import { ensureCollections } from '../../src/mongo/indexes.ts';
import { ANY_PRIORITY } from '../../src/mongo/subjects.ts';
import { standingReader } from '../../src/mongo/troubled.ts';
import type { SubjectView } from '../../src/ports.ts';
import { alertsContract } from './alerts.contract.ts';
import { at, otherTenant, type Person, person, tenant, view } from './people.ts';
import { openWorld } from './world.ts';

const world = openWorld();

describe('alerts in MongoDB', () => {
  alertsContract(async () => alertStore(world.fresh()));
});

describe('how everybody stands', () => {
  const held = { type: 'account', status: 'False', reason: 'EmailTaken', message: '', held: true } as const;
  const failure = { code: 'TIMEOUT', upstream: 'pds', message: 'm', since: 's', at: 'a' } as const;
  const people: readonly (readonly [who: Person, view: Partial<SubjectView> | undefined, dueAt?: Date])[] = [
    [person('alice'), view],
    [person('bob'), { ...view, sync: 'OutOfSync', health: 'Degraded', failure, attempts: 2 }, at(90)],
    [person('carol'), { ...view, sync: 'Unknown', health: 'Progressing' }],
    [person('dave'), { ...view, sync: 'Synced', health: 'Degraded', attempts: 3 }, at(5)],
    [person('erin'), undefined, at(5)],
    [person('frank'), { ...view, sync: 'Synced', health: 'Suspended' }],
    [person('grace', otherTenant), { ...view, sync: 'OutOfSync' }, at(90)],
  ];

  async function stored() {
    const db = world.fresh();
    await ensureCollections(db);
    await db.collection<{ _id: string }>('concord.subjects').insertMany(
      people.map(([{ user, tenant: of, userId }, shown, dueAt]) => ({
        ...{ _id: user, tenant: of, userId },
        ...(shown === undefined
          ? {}
          : { view: { ...shown, conditions: [{ ...held, since: 's', event: 'e' }] } }),
        ...(dueAt === undefined ? {} : { due: { at: dueAt, priority: 0, count: 1 } }),
      })),
    );
    return { db, reader: standingReader(db, [tenant]) };
  }

  it('is counted, of the tenants asked for', async () => {
    const { reader } = await stored();
    expect(await reader.counts(at(10))).toEqual({
      synced: 3,
      outOfSync: 1,
      unknown: 1,
      unseen: 1,
      waiting: 1,
    });
  });

  it('is told of those in trouble, and of no more than asked for', async () => {
    const { reader } = await stored();
    const troubled = await reader.troubled(10);
    expect(troubled.map(({ user }) => user).sort()).toEqual(['auth0|bob', 'auth0|carol', 'auth0|dave']);
    const { message: _unsaid, ...condition } = held;
    expect(troubled.find(({ user }) => user === 'auth0|bob')).toEqual({
      ...{ user: 'auth0|bob', tenant, health: 'Degraded', attempts: 2, quarantined: false, failure },
      conditions: [{ ...condition, since: 's' }],
      dueAt: at(90),
    });
    expect(await reader.troubled(2)).toHaveLength(2);
  });

  it.each([
    ['those who are out of sync', { 'view.sync': { $eq: 'OutOfSync' }, tenant: { $in: [tenant] } }, 1],
    ['those who wait', { ...ANY_PRIORITY, 'due.at': { $gt: at(10) }, tenant: { $in: [tenant] } }, 2],
  ])('is found by an index, so that nobody else is looked at: %s', async (_who, filter, examined) => {
    const { db } = await stored();
    const plan = await db.collection('concord.subjects').find(filter).explain('executionStats');
    expect(plan).toMatchObject({ executionStats: { totalDocsExamined: examined } });
  });
});
