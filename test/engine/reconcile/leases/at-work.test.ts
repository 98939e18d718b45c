import { describe, expect, it } from 'vitest';
import { exclusiveQueue, UsersAtWork } from '../../../../src/engine/reconcile/leases/at-work.ts';
import { alice, at, bob, trigger } from '../../../mongo/subjects/people.ts';
import { inMemoryWorkQueue } from '../../../support/in-memory/work-queue.ts';

const minute = 60_000;

describe('a user that this process works on', () => {
  it('is not given out again, even if its lease ran out, while another process gets it', async () => {
    const { queue } = inMemoryWorkQueue();
    const atWork = new UsersAtWork();
    const own = exclusiveQueue(queue, atWork);
    await queue.markDue([trigger(alice)], at(0), 'trigger');
    const lease = await own.claim(at(0), minute);
    let end: () => void = () => undefined;
    const work = atWork.during(
      alice.user,
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await queue.markDue([trigger(bob)], at(62), 'trigger');
    expect(await own.nextDueAt()).toEqual(at(62));
    expect(await own.claim(at(61), minute)).toBeUndefined();
    expect(await own.claimUser(trigger(alice), at(61), minute)).toBeUndefined();
    expect(await own.claim(at(62), minute)).toMatchObject(bob);
    const taken = await queue.claim(at(63), minute);
    expect(taken).toMatchObject({ user: alice.user, isTakeover: true });
    expect(taken?.token).not.toBe(lease?.token);
    end();
    await work;
    expect(await own.claim(at(124), minute)).toMatchObject({ user: alice.user });
  });

  it('is free again when the work throws', async () => {
    const atWork = new UsersAtWork();
    await expect(atWork.during(alice.user, async () => Promise.reject(new Error('no')))).rejects.toThrow();
    expect(atWork.has(alice.user)).toBe(false);
  });
});
