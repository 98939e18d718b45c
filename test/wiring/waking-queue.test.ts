import { describe, expect, it } from 'vitest';
import { wakingQueue } from '../../src/wiring/waking-queue.ts';
import { alice } from '../mongo/subjects/people.ts';
import { inMemoryWorkQueue } from '../support/in-memory/work-queue.ts';

const NOW = new Date('2025-10-16T08:00:00.000Z');

describe('A waking queue', () => {
  it('wakes once the users can be claimed', async () => {
    const { queue } = inMemoryWorkQueue();
    const claims: unknown[] = [];
    const waking = wakingQueue(queue, () => void claims.push(queue.claim(NOW, 1_000)));
    await waking.markDue([alice], NOW, 'trigger');
    expect(await Promise.all(claims)).toMatchObject([{ user: alice.user }]);
  });

  it('wakes nobody when the users could not be marked due', async () => {
    let woken = 0;
    const markDue = () => Promise.reject(new Error('no majority'));
    const waking = wakingQueue({ markDue }, () => {
      woken += 1;
    });
    await expect(waking.markDue()).rejects.toThrow('no majority');
    expect(woken).toBe(0);
  });

  it('is otherwise the queue that it wraps', async () => {
    const { queue } = inMemoryWorkQueue();
    const waking = wakingQueue(queue, () => {});
    await queue.markDue([alice], NOW, 'trigger');
    expect(await waking.claim(NOW, 1_000)).toMatchObject({ user: alice.user });
  });
});
