/** What every list of users has to do, whatever it is kept in. */
import { expect, it } from 'vitest';
import type { Condition } from '../../../src/events/condition.ts';
import { eventId, storedUserKey, type UserKey } from '../../../src/identity.ts';
import type { SubjectView, UserFilter, UserPages } from '../../../src/ports/subjects.ts';
import { at, otherTenant, type Person, person, tenant, view } from './people.ts';

export interface ListedPerson {
  readonly who: Person;
  /** Undefined for somebody whom nobody has looked at. */
  readonly view: SubjectView | undefined;
  readonly dueAt: Date | undefined;
}

const NOW = at(100);
const fine: Condition = { ...conditionOf('account', 'AccountActive'), status: 'True' };
const failure = { code: 'TIMEOUT', upstream: 'pds', message: 'm', since: 's', at: 'a' } as const;

function conditionOf(type: Condition['type'], reason: string, held = false): Condition {
  return { type, status: 'False', reason, message: '', held, since: 's', event: eventId('e-1') };
}

function listed(who: Person, changes: Partial<SubjectView> | undefined, dueAt?: Date): ListedPerson {
  return { who, view: changes && { ...view, conditions: [fine], ...changes }, dueAt };
}

const affected = { sync: 'OutOfSync', health: 'Progressing' } as const;
const people: readonly ListedPerson[] = [
  listed(person('alice'), {}),
  listed(person('bob'), { ...affected, health: 'Degraded', attempts: 4, failure, quarantined: true }),
  listed(person('carol'), { ...affected, conditions: [fine, conditionOf('handle', 'HandleTaken', true)] }),
  listed(
    person('dave'),
    { ...affected, attempts: 1, failure, conditions: [conditionOf('account', 'Failing')] },
    at(200),
  ),
  listed(person('erin'), undefined, at(50)),
  listed(person('frank'), { ...affected, health: 'Suspended', conditions: [conditionOf('pause', 'Paused')] }),
  listed(person('grace'), { sync: 'Unknown', conditions: [conditionOf('account', 'NotObserved')] }),
  // As desired, and yet the passes over him fail.
  listed(person('heidi'), { health: 'Degraded', attempts: 3, failure }, at(50)),
  listed(person('ivan', otherTenant), {
    ...affected,
    conditions: [conditionOf('handle', 'HandleTaken', true)],
  }),
  listed(person('judy'), { health: 'Suspended' }),
  listed(person('kim'), { health: 'Deleted' }),
  listed(person('liam'), {
    ...{ sync: 'OutOfSync', health: 'Deleted' },
    conditions: [conditionOf('account', 'RemovalDue')],
  }),
];

/** `open` is given these people, some of whom are of a third tenant that is not asked for. */
export function userPagesContract(open: (people: readonly ListedPerson[]) => Promise<UserPages>): void {
  const names = async (pages: UserPages, filter: UserFilter, after?: UserKey, limit = 50) =>
    (await pages.page(filter, after, limit, NOW)).map(({ user }) => user.split('|')[1]);

  it.each<[what: string, filter: UserFilter, expected: string]>([
    ['everybody', {}, 'alice bob carol dave erin frank grace heidi judy kim liam ivan'],
    ['those of a tenant', { tenant: otherTenant }, 'ivan'],
    ['some, of whom not all are known', { among: [person('bob').user, person('zoe').user] }, 'bob'],
    ['nobody', { among: [] }, ''],
    ['those in sync', { sync: 'Synced' }, 'alice heidi judy'],
    ['those who could not be looked at', { sync: 'Unknown' }, 'grace'],
    ['the degraded', { health: 'Degraded' }, 'bob heidi'],
    ['the deleted by health', { health: 'Deleted' }, 'kim liam'],
    ['the deleted by situation', { situation: 'deleted' }, 'kim liam'],
    ['those in sync by their health', { sync: 'Synced', health: 'Deleted' }, 'kim'],
    ['the deleted with a removal to come', { sync: 'OutOfSync', situation: 'deleted' }, 'liam'],
    ['those out of sync, without the deleted', { sync: 'OutOfSync' }, 'bob carol dave frank ivan'],
    ['a reason of the deleted', { reason: 'RemovalDue' }, 'liam'],
    ['both', { sync: 'Synced', health: 'Degraded' }, 'heidi'],
    ['the failing', { situation: 'failing' }, 'bob dave heidi'],
    ['those who back off', { situation: 'backing-off' }, 'dave'],
    ['the quarantined', { situation: 'quarantined' }, 'bob'],
    ['the held', { situation: 'held' }, 'carol ivan'],
    ['the paused', { situation: 'paused' }, 'frank'],
    ['those whom nobody has looked at', { situation: 'unseen' }, 'erin'],
    ['a resource', { resource: 'account' }, 'dave grace liam'],
    ['a reason', { reason: 'HandleTaken' }, 'carol ivan'],
    ['a reason in a resource', { resource: 'account', reason: 'HandleTaken' }, ''],
    ['a reason that is fine', { reason: 'AccountActive' }, ''],
    ['a reason in a tenant', { reason: 'HandleTaken', tenant }, 'carol'],
    ['no reason of ours', { reason: '$ne' }, ''],
  ])('finds %s', async (_what, filter, expected) => {
    const pages = await open(people);
    expect((await names(pages, filter)).join(' ')).toBe(expected);
  });

  it('goes on after a key, in the order of keys', async () => {
    const pages = await open(people);
    expect(await names(pages, {}, undefined, 3)).toEqual(['alice', 'bob', 'carol']);
    expect(await names(pages, {}, person('carol').user, 3)).toEqual(['dave', 'erin', 'frank']);
    expect(await names(pages, {}, storedUserKey('z'), 3)).toEqual([]);
  });

  it('tells what a list shows, and nothing personal', async () => {
    const pages = await open(people);
    const [bob] = await pages.page({ among: [person('bob').user] }, undefined, 1, NOW);
    expect(bob).toMatchObject({
      tenant,
      code: view.code,
      did: view.did,
      accountHandle: view.accountHandle,
      attempts: 4,
    });
    expect(bob).toMatchObject({
      ...affected,
      health: 'Degraded',
      quarantined: true,
      conditions: [fine],
      dueAt: undefined,
    });
    expect(JSON.stringify(bob)).not.toContain('@');
    const [erin] = await pages.page({ situation: 'unseen' }, undefined, 1, NOW);
    expect(erin).toMatchObject({ sync: 'Unknown', health: 'Progressing', conditions: [], dueAt: at(50) });
  });
}
