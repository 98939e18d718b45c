/** What every work queue promises, and the read model that its passes write. */
import { describe, expect, it } from 'vitest';
import { LeaseLostError } from '../../../src/errors.ts';
import type { Lease, WorkQueue } from '../../../src/ports/queue.ts';
import type { SubjectReader, SubjectView } from '../../../src/ports/subjects.ts';
import {
  alice,
  aliceDid,
  all,
  at,
  bob,
  bobDid,
  handle,
  otherTenant,
  type Person,
  person,
  tenant,
  trigger,
  view,
} from './people.ts';

const minute = 60_000;

/** `make` gives an empty queue and the reader of what it writes. */
export function workQueueContract(make: () => Promise<{ queue: WorkQueue; subjects: SubjectReader }>): void {
  const claimed = async (queue: WorkQueue, seconds: number): Promise<Lease> => {
    const lease = await queue.claim(at(seconds), minute);
    if (lease === undefined) throw new Error('Nobody was due.');
    return lease;
  };

  describe('marking', () => {
    it('makes a user due once, from the first time and with every cause', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice, 'main:1'), trigger(alice, 'main:2')], at(5), 'trigger');
      await queue.markDue([trigger(alice, 'main:3'), trigger(alice, 'main:1')], at(3), 'trigger');
      await queue.markDue([trigger(alice)], at(9), 'trigger');
      const lease = await claimed(queue, 10);
      expect(lease).toMatchObject({ ...alice, dueSince: at(3), dueLatest: at(9), dueCount: 5 });
      expect(lease.observedAt).toBeUndefined();
      expect(new Set(lease.causes)).toEqual(new Set(['main:1', 'main:2', 'main:3']));
      expect(lease.until).toEqual(at(70));
      expect(await queue.claim(at(10), minute)).toBeUndefined();
    });

    it('changes nothing when given nobody', async () => {
      const { queue } = await make();
      await queue.markDue([], at(1), 'trigger');
      expect(await queue.claim(at(1), minute)).toBeUndefined();
      expect(await queue.nextDueAt()).toBeUndefined();
    });

    it('for a later time leaves the user alone until then', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice)], at(60), 'trigger');
      expect(await queue.claim(at(59), minute)).toBeUndefined();
      expect(await queue.nextDueAt()).toEqual(at(60));
      expect(await claimed(queue, 60)).toMatchObject(alice);
    });

    it('keeps the newest twenty causes', async () => {
      const { queue } = await make();
      for (let n = 0; n < 30; n++) await queue.markDue([trigger(alice, `main:${n}`)], at(1), 'trigger');
      const lease = await claimed(queue, 1);
      expect(lease.causes).toEqual(Array.from({ length: 20 }, (_, index) => `main:${index + 10}`));
    });
  });

  describe('claiming', () => {
    it('takes triggers before the sweep, and the longest due first', async () => {
      const { queue } = await make();
      const [carol, dave] = [person('carol'), person('dave')];
      await queue.markDue([trigger(alice)], at(1), 'sweep');
      await queue.markDue([trigger(bob)], at(3), 'trigger');
      await queue.markDue([trigger(carol)], at(2), 'trigger');
      await queue.markDue([trigger(dave)], at(2), 'sweep');
      const order: string[] = [];
      for (let n = 0; n < 4; n++) order.push((await claimed(queue, 10)).user);
      expect(order).toEqual([carol.user, bob.user, alice.user, dave.user]);
    });

    it('takes a swept user as a triggered one once a trigger names it', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(bob)], at(2), 'trigger');
      await queue.markDue([trigger(alice)], at(1), 'sweep');
      await queue.markDue([trigger(alice)], at(3), 'trigger');
      expect((await claimed(queue, 10)).user).toBe(alice.user);
    });

    it('gives a user whose lease ran out to the next, with all that it was due for', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice, 'main:1')], at(1), 'trigger');
      const first = await claimed(queue, 1);
      await queue.markDue([trigger(alice, 'main:2')], at(20), 'trigger');
      expect(await queue.claim(at(60), minute)).toBeUndefined();
      const second = await claimed(queue, 61);
      expect(second.token).not.toBe(first.token);
      expect(second).toMatchObject({ dueSince: at(1), causes: ['main:1', 'main:2'] });
      await expect(queue.complete(first, view, at(61))).rejects.toBeInstanceOf(LeaseLostError);
      await expect(queue.renew(first, at(61), minute)).rejects.toBeInstanceOf(LeaseLostError);
      await queue.release(first);
      await queue.complete(second, view, at(62));
      expect(await queue.nextDueAt()).toBeUndefined();
    });

    it('waits for a lease that was renewed', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice)], at(1), 'trigger');
      const lease = await queue.renew(await claimed(queue, 1), at(50), minute);
      expect(lease.until).toEqual(at(110));
      expect(await queue.claim(at(100), minute)).toBeUndefined();
      expect(await queue.nextDueAt()).toEqual(at(110));
      await queue.complete(lease, view, at(105));
    });
  });

  describe('leases that are not given back', () => {
    /** Nobody gives it back, and it runs out. */
    const abandoned = async (queue: WorkQueue, seconds: number) => {
      const { unfinished, isTakeover } = await claimed(queue, seconds);
      return { unfinished, isTakeover };
    };

    it('are counted for the user, and no longer once one is', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice)], at(0), 'trigger');
      expect(await abandoned(queue, 0)).toEqual({ unfinished: 0, isTakeover: false });
      expect(await abandoned(queue, 61)).toEqual({ unfinished: 1, isTakeover: true });
      const third = await claimed(queue, 122);
      expect(third).toMatchObject({ unfinished: 2, isTakeover: true });
      await queue.complete(third, view, at(122), at(130));
      expect(await abandoned(queue, 130)).toEqual({ unfinished: 0, isTakeover: false });
    });

    it('stay counted where the next one only recorded them, or was given back with nothing done', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice)], at(0), 'trigger');
      await abandoned(queue, 0);
      await abandoned(queue, 61);
      await queue.complete(await claimed(queue, 122), view, undefined, at(130), true);
      const suspect = await claimed(queue, 130);
      expect(suspect).toMatchObject({ unfinished: 1, isTakeover: false, isRoutine: false });
      await queue.release(suspect);
      const again = await claimed(queue, 131);
      expect(again).toMatchObject({ unfinished: 1, isTakeover: false });
      await queue.skip(again);
      await queue.markDue([trigger(alice)], at(140), 'trigger');
      expect(await abandoned(queue, 140)).toEqual({ unfinished: 0, isTakeover: false });
    });

    it('are counted for one user alone, too', async () => {
      const { queue } = await make();
      await queue.claimUser(trigger(alice), at(0), minute);
      const lease = await queue.claimUser(trigger(alice), at(61), minute);
      expect(lease).toMatchObject({ unfinished: 1, isTakeover: true });
    });

    it('can be left out, and so can users by their keys', async () => {
      const { queue } = await make();
      const noSuspects = { except: [], noSuspects: true };
      await queue.markDue([trigger(alice)], at(0), 'trigger');
      await abandoned(queue, 0);
      await queue.markDue([trigger(bob)], at(62), 'trigger');
      expect(await queue.nextDueAt()).toEqual(at(60));
      expect(await queue.nextDueAt(noSuspects)).toEqual(at(62));
      const exceptBob = { except: [bob.user], noSuspects: true };
      expect(await queue.claim(at(63), minute, exceptBob)).toBeUndefined();
      expect(await queue.nextDueAt(exceptBob)).toBeUndefined();
      expect(await queue.claim(at(63), minute, noSuspects)).toMatchObject(bob);
      expect(await queue.claim(at(63), minute, noSuspects)).toBeUndefined();
      expect(await queue.claim(at(63), minute)).toMatchObject(alice);
    });
  });

  describe('claiming one user', () => {
    it('takes a user nobody has heard of, and leaves it with nothing due', async () => {
      const { queue, subjects } = await make();
      const lease = await queue.claimUser(trigger(alice, 'main:1'), at(1), minute);
      expect(lease).toMatchObject({ ...alice, dueCount: 0, dueSince: undefined, causes: ['main:1'] });
      expect(await queue.nextDueAt()).toBeUndefined();
      if (lease !== undefined) await queue.complete(lease, view, at(2));
      expect(await queue.nextDueAt()).toBeUndefined();
      expect(await subjects.get(alice.user)).toMatchObject({ ...alice, sync: 'Synced' });
    });

    it('takes a due user with what it is due for', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice, 'main:1')], at(50), 'trigger');
      const lease = await queue.claimUser(trigger(alice), at(1), minute);
      expect(lease).toMatchObject({ dueCount: 1, dueSince: at(50), causes: ['main:1'] });
      if (lease !== undefined) await queue.complete(lease, view, at(2));
      expect(await queue.claim(at(100), minute)).toBeUndefined();
    });

    it('takes nothing while another worker holds the user, until that lease runs out', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice)], at(1), 'trigger');
      await claimed(queue, 1);
      expect(await queue.claimUser(trigger(alice), at(60), minute)).toBeUndefined();
      expect(await queue.claimUser(trigger(alice), at(61), minute)).toMatchObject(alice);
    });

    it('is due again for a retry although nobody had marked it', async () => {
      const { queue } = await make();
      const lease = await queue.claimUser(trigger(alice, 'main:1'), at(1), minute);
      if (lease !== undefined) await queue.complete(lease, view, at(2), at(30));
      expect(await queue.nextDueAt()).toEqual(at(30));
      expect(await claimed(queue, 30)).toMatchObject({ dueSince: undefined, causes: ['main:1'] });
    });
  });

  it('a lease brings what the read model shows', async () => {
    const { queue } = await make();
    const first = await queue.claimUser(trigger(alice), at(1), minute);
    expect(first?.shown).toBeUndefined();
    if (first !== undefined) await queue.complete(first, view, at(1));
    await queue.markDue([trigger(alice)], at(2), 'trigger');
    const claimed = await queue.claim(at(2), minute);
    expect(claimed?.shown).toMatchObject(view);
  });

  describe('completing', () => {
    it('writes the view and the time of the last read, and ends the due', async () => {
      const { queue, subjects } = await make();
      await queue.markDue([trigger(alice)], at(1), 'trigger');
      await queue.complete(await claimed(queue, 1), view, at(2));
      expect(await subjects.get(alice.user)).toEqual({ ...alice, ...view, dueAt: undefined });
      expect(await queue.claim(at(100), minute)).toBeUndefined();
      await queue.markDue([trigger(alice)], at(9), 'trigger');
      const again = await claimed(queue, 9);
      expect(again).toMatchObject({ observedAt: at(2), dueSince: at(9), dueCount: 1 });
      const { accountEmail: _gone, ...rest } = view;
      await queue.complete(again, { ...rest, accountEmail: undefined, code: undefined }, undefined);
      const after = await subjects.get(alice.user);
      expect(after?.code).toBeUndefined();
      expect(await subjects.holdersOfEmail('alice@example.com')).toEqual([]);
      await queue.markDue([trigger(alice)], at(11), 'trigger');
      expect((await claimed(queue, 11)).observedAt).toEqual(at(2));
    });

    it('leaves a user due that was marked again meanwhile, for the later triggers only', async () => {
      const { queue, subjects } = await make();
      await queue.markDue([trigger(alice, 'main:1')], at(1), 'trigger');
      const lease = await claimed(queue, 1);
      await queue.markDue([trigger(alice, 'main:2')], at(5), 'trigger');
      await queue.complete(lease, view, at(6));
      expect(await subjects.get(alice.user)).toMatchObject({ sync: 'Synced' });
      const next = await claimed(queue, 6);
      expect(next).toMatchObject({ dueSince: at(5), dueLatest: at(5), causes: ['main:2'] });
      await queue.complete(next, view, at(7));
      expect(await queue.claim(at(100), minute)).toBeUndefined();
    });

    it('with a retry makes the user due then, since the first trigger and for its causes', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice, 'main:1')], at(1), 'trigger');
      await queue.complete(await claimed(queue, 2), view, at(2), at(100));
      expect(await queue.claim(at(99), minute)).toBeUndefined();
      expect(await queue.nextDueAt()).toEqual(at(100));
      expect(await claimed(queue, 100)).toMatchObject({ dueSince: at(1), causes: ['main:1'] });
    });

    it('with a retry does not wait for it when a trigger came meanwhile', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice, 'main:1')], at(1), 'trigger');
      const lease = await claimed(queue, 2);
      await queue.markDue([trigger(alice, 'main:2')], at(3), 'trigger');
      await queue.complete(lease, view, at(4), at(100));
      expect(await claimed(queue, 4)).toMatchObject({ dueSince: at(1), causes: ['main:1', 'main:2'] });
    });

    it('with a retry does not wait for it when a trigger comes after', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice, 'main:1')], at(1), 'trigger');
      await queue.complete(await claimed(queue, 2), view, at(2), at(100));
      await queue.markDue([trigger(alice, 'main:2')], at(10), 'trigger');
      expect(await claimed(queue, 10)).toMatchObject({ dueSince: at(1), causes: ['main:1', 'main:2'] });
    });

    it('twice is refused and changes nothing', async () => {
      const { queue, subjects } = await make();
      await queue.markDue([trigger(alice)], at(1), 'trigger');
      const lease = await claimed(queue, 1);
      await queue.complete(lease, view, at(2));
      const worse = { ...view, health: 'Degraded' } as const;
      await expect(queue.complete(lease, worse, at(3), at(4))).rejects.toBeInstanceOf(LeaseLostError);
      expect(await subjects.get(alice.user)).toEqual({ ...alice, ...view, dueAt: undefined });
    });
  });

  describe('routine triggers', () => {
    const routine = (who: Person, cause?: string) => ({ ...trigger(who, cause), isRoutine: true });
    const isRoutine = async (queue: WorkQueue, seconds: number): Promise<boolean> =>
      (await claimed(queue, seconds)).isRoutine;

    it('make a user due, and the lease says so while there is no other trigger', async () => {
      const { queue } = await make();
      await queue.markDue([routine(alice, 'main:1'), routine(alice, 'main:2')], at(1), 'trigger');
      await queue.markDue([routine(alice, 'main:3')], at(2), 'sweep');
      const lease = await claimed(queue, 2);
      expect(lease).toMatchObject({ isRoutine: true, dueCount: 3, causes: ['main:1', 'main:2', 'main:3'] });
    });

    it.each(['trigger', 'sweep'] as const)(
      'count for nothing beside another one of priority %s',
      async (how) => {
        for (const order of [
          [routine(alice), trigger(alice)],
          [trigger(alice), routine(alice)],
        ]) {
          const { queue } = await make();
          for (const one of order) await queue.markDue([one], at(1), how);
          expect(await isRoutine(queue, 1)).toBe(false);
          const together = (await make()).queue;
          await together.markDue(order, at(1), how);
          expect(await isRoutine(together, 1)).toBe(false);
        }
      },
    );

    it('are told apart in a wave of new users, too', async () => {
      const { queue } = await make();
      const people = Array.from({ length: 10 }, (_, index) => person(`user-${index}`));
      const marks = people.map((who, index) => (index % 2 === 0 ? routine(who) : trigger(who)));
      await queue.markDue(marks, at(1), 'trigger');
      await queue.markDue(
        people.map((who) => routine(who)),
        at(2),
        'trigger',
      );
      for (let n = 0; n < people.length; n++) {
        const lease = await claimed(queue, 2);
        expect(lease.isRoutine).toBe(people.findIndex(({ user }) => user === lease.user) % 2 === 0);
      }
    });

    it('do not keep a person from looking', async () => {
      const { queue } = await make();
      await queue.markDue([routine(alice)], at(1), 'trigger');
      expect(await queue.claimUser(trigger(alice), at(1), minute)).toMatchObject({ isRoutine: false });
    });

    it('are no reason to skip what a lost lease has not answered', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice)], at(1), 'trigger');
      await claimed(queue, 1);
      await queue.markDue([routine(alice)], at(2), 'trigger');
      expect(await isRoutine(queue, 61)).toBe(false);
    });

    it('are no reason to skip a user whose reconciliation was broken off, by hand too', async () => {
      const { queue } = await make();
      await queue.markDue([routine(alice), routine(bob), routine(bob)], at(1), 'trigger');
      const lost = await queue.claimUser(trigger(alice), at(1), minute);
      const given = await queue.claimUser(trigger(bob), at(1), minute);
      if (lost === undefined || given === undefined) throw new Error('There is no lease.');
      await queue.release(given);
      const again = await claimed(queue, 2);
      expect(again).toMatchObject({ user: bob.user, isRoutine: false });
      await queue.complete(again, view, at(2));
      expect(await claimed(queue, 62)).toMatchObject({ user: alice.user, isRoutine: false });
    });

    it.each([false, true])('do not make a retry one of their kind (marked due again: %s)', async (again) => {
      const { queue } = await make();
      await queue.markDue([routine(alice)], at(1), 'trigger');
      const lease = await claimed(queue, 1);
      if (again) await queue.markDue([routine(alice)], at(2), 'trigger');
      await queue.complete(lease, view, at(3), at(30));
      await queue.markDue([routine(alice)], at(4), 'trigger');
      expect(await isRoutine(queue, 30)).toBe(false);
    });

    it('that came while a user was looked at are routine when that has ended well', async () => {
      const { queue } = await make();
      await queue.markDue([routine(alice)], at(1), 'trigger');
      const lease = await claimed(queue, 1);
      await queue.markDue([routine(alice)], at(2), 'trigger');
      await queue.complete(lease, view, at(3));
      expect(await isRoutine(queue, 3)).toBe(true);
    });
  });

  describe('skipping', () => {
    it('ends the due and leaves the read model as it is', async () => {
      const { queue, subjects } = await make();
      await queue.markDue([trigger(alice)], at(1), 'trigger');
      await queue.complete(await claimed(queue, 1), view, at(2));
      await queue.markDue([trigger(alice, 'main:1')], at(3), 'trigger');
      await queue.skip(await claimed(queue, 3));
      expect(await queue.nextDueAt()).toBeUndefined();
      expect(await subjects.get(alice.user)).toEqual({ ...alice, ...view, dueAt: undefined });
      await queue.markDue([trigger(alice, 'main:2')], at(9), 'trigger');
      expect(await claimed(queue, 9)).toMatchObject({ observedAt: at(2), dueCount: 1, causes: ['main:2'] });
    });

    it('leaves a user due that was marked again meanwhile, for the later triggers only', async () => {
      const { queue } = await make();
      await queue.markDue([{ ...trigger(alice, 'main:1'), isRoutine: true }], at(1), 'trigger');
      const lease = await claimed(queue, 1);
      await queue.markDue([trigger(alice, 'main:2')], at(5), 'trigger');
      await queue.skip(lease);
      expect(await claimed(queue, 5)).toMatchObject({
        ...{ isRoutine: false, dueSince: at(5), dueLatest: at(5), causes: ['main:2'] },
      });
    });

    it('is refused when the lease is no longer ours, and changes nothing', async () => {
      const { queue } = await make();
      await queue.markDue([trigger(alice)], at(1), 'trigger');
      const first = await claimed(queue, 1);
      const second = await claimed(queue, 61);
      await expect(queue.skip(first)).rejects.toBeInstanceOf(LeaseLostError);
      await queue.skip(second);
      await expect(queue.skip(second)).rejects.toBeInstanceOf(LeaseLostError);
      expect(await queue.nextDueAt()).toBeUndefined();
    });
  });

  describe('dropping', () => {
    it('makes the user unknown', async () => {
      const { queue, subjects } = await make();
      await queue.markDue([trigger(alice)], at(0), 'trigger');
      await queue.complete(await claimed(queue, 1), { ...view, accountEmail: 'alice@example.com' }, at(1));
      await queue.markDue([trigger(alice)], at(2), 'trigger');
      await queue.drop(await claimed(queue, 3));
      expect(await subjects.get(alice.user)).toBeUndefined();
      expect(await subjects.holdersOfEmail('alice@example.com')).toEqual([]);
      expect(await queue.nextDueAt()).toBeUndefined();
      const lease = await queue.claimUser(trigger(bob), at(4), minute);
      if (lease !== undefined) await queue.drop(lease);
      expect(await subjects.get(bob.user)).toBeUndefined();
    });

    it('leaves a user due that was marked again meanwhile, and shows nothing of it', async () => {
      const { queue, subjects } = await make();
      await queue.markDue([trigger(alice, 'main:1')], at(0), 'trigger');
      const lease = await claimed(queue, 1);
      await queue.markDue([trigger(alice, 'main:2')], at(2), 'trigger');
      await queue.drop(lease);
      expect(await subjects.marksOf([alice.user])).toEqual(new Map());
      expect(await claimed(queue, 3)).toMatchObject({ causes: ['main:2'], observedAt: undefined });
    });

    it('without the lease is refused and changes nothing', async () => {
      const { queue, subjects } = await make();
      await queue.markDue([trigger(alice)], at(0), 'trigger');
      const lost = await claimed(queue, 1);
      await claimed(queue, 90);
      await expect(queue.drop(lost)).rejects.toThrow(LeaseLostError);
      expect(await subjects.get(alice.user)).toMatchObject(alice);
    });
  });

  it('releasing leaves the user due as before', async () => {
    const { queue } = await make();
    await queue.markDue([trigger(alice, 'main:1')], at(1), 'trigger');
    await queue.release(await claimed(queue, 2));
    const again = await claimed(queue, 2);
    expect(again).toMatchObject({ dueSince: at(1), dueCount: 1, causes: ['main:1'] });
    await queue.markDue([trigger(alice, 'main:2')], at(3), 'trigger');
    await queue.release(again);
    expect(await claimed(queue, 3)).toMatchObject({ dueSince: at(1), causes: ['main:1', 'main:2'] });
    const lease = await queue.claimUser(trigger(bob, 'main:3'), at(3), minute);
    if (lease !== undefined) await queue.release(lease);
    expect(await queue.claim(at(4), minute)).toBeUndefined();
  });

  it('a quarantined user is idle until a trigger names it', async () => {
    const { queue } = await make();
    await queue.markDue([trigger(alice)], at(1), 'trigger');
    await queue.complete(await claimed(queue, 1), { ...view, quarantined: true }, at(2));
    expect(await queue.claim(at(1_000), minute)).toBeUndefined();
    await queue.markDue([trigger(alice)], at(1_001), 'trigger');
    expect(await claimed(queue, 1_001)).toMatchObject(alice);
  });

  describe('the read model', () => {
    it('knows nothing of a user it has never heard of, and says so of one nobody has looked at', async () => {
      const { queue, subjects } = await make();
      expect(await subjects.get(alice.user)).toBeUndefined();
      await queue.markDue([trigger(alice)], at(1), 'trigger');
      expect(await subjects.get(alice.user)).toMatchObject({
        ...alice,
        dueAt: at(1),
        sync: 'Unknown',
        health: 'Progressing',
        conditions: [],
        did: undefined,
      });
    });

    it('finds who holds an email, in the order of keys', async () => {
      const { queue, subjects } = await make();
      for (const who of [bob, alice]) {
        const lease = await queue.claimUser(trigger(who), at(1), minute);
        if (lease !== undefined) await queue.complete(lease, view, at(1));
      }
      expect((await subjects.holdersOfEmail('alice@example.com')).map(({ user }) => user)).toEqual([
        alice.user,
        bob.user,
      ]);
      expect(await subjects.holdersOfEmail('bob@example.com')).toEqual([]);
    });

    it('finds whose account carries a handle', async () => {
      const { queue, subjects } = await make();
      const lease = await queue.claimUser(trigger(alice), at(1), minute);
      if (lease !== undefined) await queue.complete(lease, view, at(1));
      const [found, ...others] = await subjects.holdersOfHandle(handle('alice'));
      expect(others).toEqual([]);
      expect(found).toEqual({
        ...{ user: alice.user, tenant: alice.tenant, did: view.did, health: view.health },
        ...{ accountHandle: view.accountHandle, accountEmail: view.accountEmail },
        ...{ email: view.email, emailVerified: view.emailVerified, conditions: view.conditions },
      });
      expect(await subjects.holdersOfHandle(handle('bob'))).toEqual([]);
    });

    it('finds the users with a condition that waits for a user', async () => {
      const { queue, subjects } = await make();
      const waits = view.conditions.map((condition) => ({ ...condition, waitsFor: bob.user }));
      const lease = await queue.claimUser(trigger(alice), at(1), minute);
      if (lease !== undefined) await queue.complete(lease, { ...view, conditions: waits }, at(1));
      expect(await subjects.waitingFor(bob.user)).toEqual([trigger(alice)]);
      expect(await subjects.waitingFor(alice.user)).toEqual([]);
    });

    it('finds the successors of a deleted user: by identity in the tenant, by verified address anywhere', async () => {
      const { queue, subjects } = await make();
      const carol = person('carol');
      const far = person('carol', otherTenant);
      const shows = async (who: Person, shown: Partial<SubjectView>): Promise<void> => {
        const lease = await queue.claimUser(trigger(who), at(1), minute);
        if (lease !== undefined) await queue.complete(lease, { ...view, ...shown }, at(1));
      };
      const gone = { verifiedEmail: undefined, linked: [] };
      const emails = ['Alice@example.com', 'other@example.com'];
      const successors = () => subjects.successorsOf({ ...alice, emails });
      await shows(alice, gone);
      for (const who of [bob, carol, far]) await shows(who, gone);
      expect(await successors()).toEqual([]);
      // The same id in another tenant is another user's.
      await shows(far, { verifiedEmail: 'other@example.com', linked: [alice.userId] });
      await shows(carol, { verifiedEmail: 'alice@example.com', linked: [alice.userId] });
      await shows(bob, { verifiedEmail: 'alice@example.com' });
      await shows(alice, { verifiedEmail: 'alice@example.com' });
      expect(await successors()).toEqual([
        { user: carol.user, by: 'identity' },
        { user: bob.user, by: 'address' },
        { user: far.user, by: 'address' },
      ]);
      expect(await subjects.successorsOf({ ...alice, emails: [] })).toEqual([
        { user: carol.user, by: 'identity' },
      ]);
      expect(await subjects.verifiedIn(alice.tenant, 'Alice@example.com')).toEqual([
        alice.user,
        bob.user,
        carol.user,
      ]);
      expect(await subjects.verifiedIn(far.tenant, 'alice@example.com')).toEqual([]);
      await shows(carol, gone);
      await shows(bob, { verifiedEmail: 'bob@example.com', linked: [far.userId] });
      expect(await successors()).toEqual([{ user: far.user, by: 'address' }]);
    });

    it('finds the sisters of those who have one', async () => {
      const { queue, subjects } = await make();
      const sister = person('alice', otherTenant);
      for (const [who, shown] of [
        [alice, { ...view, sister: sister.user }],
        [bob, view],
      ] as const) {
        const lease = await queue.claimUser(trigger(who), at(1), minute);
        if (lease !== undefined) await queue.complete(lease, shown, at(1));
      }
      const asked = [alice.user, bob.user, sister.user];
      expect(await subjects.sistersOf(asked)).toEqual(new Map([[alice.user, sister.user]]));
      expect(await subjects.sistersOf([])).toEqual(new Map());
      expect((await subjects.get(alice.user))?.sister).toBe(sister.user);
    });

    it('finds whose account a DID is, in the order of keys', async () => {
      const { queue, subjects } = await make();
      for (const who of [bob, alice]) {
        const lease = await queue.claimUser(trigger(who), at(1), minute);
        if (lease !== undefined) await queue.complete(lease, view, at(1));
      }
      expect(await subjects.holdersOfDid(aliceDid)).toEqual([alice.user, bob.user]);
      expect(await subjects.holdersOfDid(bobDid)).toEqual([]);
    });

    it('tells what the last reconciliation found of many users at once', async () => {
      const { queue, subjects } = await make();
      const [known] = view.conditions;
      if (known === undefined) throw new Error('The view has no condition.');
      const found = [
        [alice, { ...known, reason: 'AccountMigrated' }],
        [bob, { ...known, reason: 'AccountMissing', status: 'False', held: true }],
      ] as const;
      for (const [who, condition] of found) {
        const lease = await queue.claimUser(trigger(who), at(1), minute);
        if (lease !== undefined) await queue.complete(lease, { ...view, conditions: [condition] }, at(1));
      }
      const { sights, code, did, linked, unusable } = view;
      const told = await subjects.known([alice.user, bob.user, person('carol').user]);
      const seen = { isSeen: true, wasExcluded: false, sights, code, did, linked, unusable };
      expect([...told.keys()].sort()).toEqual([alice.user, bob.user]);
      expect(told.get(alice.user)).toEqual({
        ...{ ...seen, lackedSince: undefined, needsAction: false, hasMigrated: true },
      });
      expect(told.get(bob.user)).toEqual({
        ...{ ...seen, lackedSince: at(1), needsAction: true, hasMigrated: false },
      });
    });

    it('lists the subjects of one tenant by key', async () => {
      const { queue, subjects } = await make();
      await queue.markDue(
        [trigger(bob), trigger(alice), trigger(person('carol', otherTenant))],
        at(1),
        'sweep',
      );
      const listed = await all(subjects.list(alice.tenant));
      expect(listed.map((subject) => subject.user)).toEqual([alice.user, bob.user]);
    });

    it('lists users who are not in sync and whom nothing makes due', async () => {
      const { queue, subjects } = await make();
      const [held, pending, quarantined, due, died] = ['held', 'pending', 'quar', 'due', 'died'].map((one) =>
        person(one),
      );
      if (!held || !pending || !quarantined || !due || !died) throw new Error('There is nobody.');
      const shows = async (who: Person, shown: Partial<SubjectView>): Promise<void> => {
        const lease = await queue.claimUser(trigger(who), at(1), minute);
        if (lease !== undefined) await queue.complete(lease, { ...view, ...shown }, at(1));
      };
      const sync = 'OutOfSync';
      await shows(alice, {});
      await shows(held, { sync, conditions: view.conditions.map((one) => ({ ...one, held: true })) });
      await shows(pending, { sync: 'Unknown' });
      await shows(quarantined, { sync, quarantined: true });
      await shows(due, { sync });
      await queue.markDue([trigger(due)], at(90), 'sweep');
      await queue.claimUser(trigger(died), at(1), minute);
      await shows(person('held', otherTenant), { sync });
      const open = async (seconds: number) => (await all(subjects.open(tenant, at(seconds)))).flat();
      const found = [
        { ...held, needsAction: true, observedAt: at(1) },
        { ...pending, needsAction: false, observedAt: at(1) },
      ];
      expect(new Set(await open(2))).toEqual(new Set(found));
      expect(new Set(await open(61))).toEqual(
        new Set([...found, { ...died, needsAction: false, observedAt: undefined }]),
      );
    });

    it('counts who is due or leased, and since when the oldest waits', async () => {
      const { queue, subjects } = await make();
      expect(await subjects.backlog(at(10))).toEqual({ due: 0, oldestDueSince: undefined });
      await queue.markDue([trigger(alice)], at(2), 'sweep');
      await queue.markDue([trigger(bob)], at(4), 'trigger');
      await queue.markDue([trigger(person('carol'))], at(60), 'trigger');
      expect(await subjects.backlog(at(10))).toEqual({ due: 2, oldestDueSince: at(2) });
      await queue.claimUser(trigger(person('dave')), at(10), minute);
      expect((await subjects.backlog(at(10))).due).toBe(3);
    });
  });
}
