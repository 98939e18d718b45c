/** What every account of how users stand has to do, whatever they are kept in. */
import { expect, it } from 'vitest';
import type { Condition } from '../../../src/events/condition.ts';
import { eventId, type TenantId } from '../../../src/identity.ts';
import type { StatusReader } from '../../../src/ports/status-counts.ts';
import type { SubjectView } from '../../../src/ports/subjects.ts';
import { alice, at, bob, otherTenant, type Person, person, tenant, view } from './people.ts';
import type { ListedPerson } from './user-pages.contract.ts';

const NOW = at(10);
const [carol, dave, erin] = [person('carol'), person('dave'), person('erin')];

function condition(
  type: Condition['type'],
  reason: string,
  seconds: number,
  changes: Partial<Condition> = {},
): Condition {
  const common = { message: '', event: eventId('e-1'), since: at(seconds).toISOString() };
  return { ...common, type, status: 'False', reason, held: false, ...changes };
}

function failure(seconds: number, message: string): NonNullable<SubjectView['failure']> {
  const since = at(seconds).toISOString();
  return { code: 'TIMEOUT', upstream: 'pds', message, since, at: since };
}

const fine = condition('verification', 'Recorded', 0, { status: 'True' });
const failing = condition('account', 'Failing', 3);
const taken = condition('handle', 'HandleTaken', 4, { held: true, message: 'It is taken.' });

function listed(who: Person, changes: Partial<SubjectView> | undefined, dueAt?: Date): ListedPerson {
  return { who, view: changes && { ...view, conditions: [fine], ...changes }, dueAt };
}

const degraded = { sync: 'OutOfSync', health: 'Degraded' } as const;
const people: readonly ListedPerson[] = [
  listed(alice, {}),
  listed(
    bob,
    { ...degraded, attempts: 2, failure: failure(3, 'newer'), conditions: [failing, taken] },
    at(90),
  ),
  listed(carol, {
    ...{ ...degraded, attempts: 9, failure: failure(2, 'older'), quarantined: true },
    conditions: [fine, { ...failing, since: at(2).toISOString() }],
  }),
  listed(dave, { sync: 'Unknown', health: 'Suspended', conditions: [condition('pause', 'Paused', 5)] }),
  listed(erin, undefined, at(5)),
  listed(person('frank'), { health: 'Degraded', attempts: 3, failure: failure(8, 'newest') }, at(90)),
  // It failed once, and has not since.
  listed(person('grace'), { ...degraded, attempts: 0, failure: failure(1, 'past'), conditions: [taken] }),
  listed(person('kim'), { health: 'Deleted' }),
  listed(person('liam'), {
    ...{ sync: 'OutOfSync', health: 'Deleted' },
    conditions: [condition('account', 'RemovalDue', 6)],
  }),
  listed(person('heidi', otherTenant), { ...degraded, conditions: [taken] }, at(90)),
];

/** `open` is given these people, and answers for these tenants. */
export function statusReaderContract(
  open: (people: readonly ListedPerson[], tenants: readonly TenantId[]) => Promise<StatusReader>,
): void {
  it('counts everybody, of the tenants asked for', async () => {
    const { seen, unseen, waiting, isPartial } = await (await open(people, [tenant])).counts(NOW);
    expect(seen).toHaveLength(6);
    expect(seen).toEqual(
      expect.arrayContaining([
        { tenant, sync: 'Synced', health: 'Healthy', users: 1 },
        { tenant, sync: 'Synced', health: 'Degraded', users: 1 },
        { tenant, sync: 'OutOfSync', health: 'Degraded', users: 3 },
        { tenant, sync: 'Unknown', health: 'Suspended', users: 1 },
        { tenant, sync: 'Synced', health: 'Deleted', users: 1 },
        { tenant, sync: 'OutOfSync', health: 'Deleted', users: 1 },
      ]),
    );
    expect({ unseen, waiting, isPartial }).toEqual({
      unseen: [{ tenant, users: 1 }],
      waiting: 2,
      isPartial: false,
    });
    const both = await (await open(people, [tenant, otherTenant])).counts(NOW);
    expect(both.seen).toContainEqual({
      tenant: otherTenant,
      sync: 'OutOfSync',
      health: 'Degraded',
      users: 1,
    });
    expect(both.waiting).toBe(3);
  });

  it('tells what is not as desired, and who has been so for longest', async () => {
    const { situations } = await (await open(people, [tenant, otherTenant])).counts(NOW);
    const same = { tenant, held: false, deleted: false, message: '' };
    expect(situations).toHaveLength(5);
    expect(situations).toEqual(
      expect.arrayContaining([
        { ...same, resource: 'account', reason: 'Failing', users: 2, example: carol.user, since: at(2) },
        {
          ...same,
          resource: 'handle',
          reason: 'HandleTaken',
          held: true,
          message: 'It is taken.',
          users: 2,
          example: bob.user,
          since: at(4),
        },
        { ...same, resource: 'pause', reason: 'Paused', users: 1, example: dave.user, since: at(5) },
        expect.objectContaining({ tenant: otherTenant, reason: 'HandleTaken', users: 1 }),
        {
          ...{ ...same, resource: 'account', reason: 'RemovalDue', deleted: true },
          ...{ users: 1, example: person('liam').user, since: at(6) },
        },
      ]),
    );
  });

  it('puts everybody in trouble into one group, with the eldest failure of it', async () => {
    const { affected } = await (
      await open(
        [
          ...people,
          listed(
            person('ivan'),
            {
              ...{ ...degraded, attempts: 1, failure: failure(9, 'newest'), conditions: [failing, taken] },
            },
            at(95),
          ),
        ],
        [tenant],
      )
    ).counts(NOW);
    const none = { tenant, waits: false, quarantined: false, held: false, paused: false, failure: undefined };
    const because = { code: 'TIMEOUT', upstream: 'pds' } as const;
    expect(affected).toHaveLength(6);
    expect(affected).toEqual(
      expect.arrayContaining([
        {
          ...{ ...none, users: 2, waits: true, held: true },
          failure: { ...because, message: 'newer', example: bob.user, since: at(3) },
        },
        {
          ...{ ...none, users: 1, quarantined: true },
          failure: { ...because, message: 'older', example: carol.user, since: at(2) },
        },
        { ...none, users: 1, paused: true },
        { ...none, users: 1, held: true },
        // Liam, whose account waits for removal.
        { ...none, users: 1 },
        expect.objectContaining({ users: 1, waits: true, held: false }),
      ]),
    );
  });

  it('looks through no more of those in trouble than asked for, and says so', async () => {
    const some = await (await open(people, [tenant])).counts(NOW, 2);
    expect(some.isPartial).toBe(true);
    expect(some.affected.reduce((sum, { users }) => sum + users, 0)).toBe(2);
    expect(some.seen.reduce((sum, { users }) => sum + users, 0)).toBe(8);
    expect(await (await open(people, [tenant])).counts(NOW, 6)).toMatchObject({ isPartial: false });
  });

  it('names those in trouble, and no more than asked for', async () => {
    const reader = await open(people, [tenant]);
    const affected = await reader.affected(10);
    const names = ['bob', 'carol', 'dave', 'frank', 'grace', 'liam'];
    expect(affected.map(({ user }) => user).sort()).toEqual(names.map((name) => person(name).user));
    const { type, status, reason, held, since } = taken;
    expect(affected.find(({ user }) => user === bob.user)).toMatchObject({
      ...{ tenant, health: 'Degraded', attempts: 2, quarantined: false, dueAt: at(90) },
      failure: failure(3, 'newer'),
      conditions: [{ reason: 'Failing' }, { type, status, reason, held, since }],
    });
    expect(await reader.affected(2)).toHaveLength(2);
  });
}
