import { describe, expect, it } from 'vitest';
import { inviteCodes } from '../../src/pds/invites.ts';
import type { Xrpc } from '../../src/pds/xrpc.ts';

/** A PDS that makes codes c1, c2, …, and how many it was asked for each time. */
function making(options: { readonly failing?: number } = {}) {
  const asked: number[] = [];
  let made = 0;
  const xrpc: Xrpc = async (call) => {
    if (call.name !== 'server.createInviteCodes') throw new Error(`${call.name} makes no codes.`);
    const { input, parse } = call;
    const count = Number(input?.codeCount);
    asked.push(count);
    expect(input?.useCount).toBe(1);
    if (asked.length === options.failing) throw new Error('the PDS is away');
    const codes = Array.from({ length: count }, () => `c${++made}`);
    return parse({ codes: [{ account: 'admin', codes }] }, new Headers());
  };
  return { codes: inviteCodes(xrpc), asked };
}

async function take(codes: ReturnType<typeof inviteCodes>, count: number): Promise<string[]> {
  const taken: string[] = [];
  for (let n = 0; n < count; n += 1) taken.push(await codes.take());
  return taken;
}

describe('invite codes', () => {
  it('are each given once', async () => {
    const { codes } = making();
    expect(new Set(await take(codes, 200)).size).toBe(200);
  });

  it('are made one for one account, and then in growing batches, never more left over than used', async () => {
    const { codes, asked } = making();
    for (let used = 1; used <= 200; used += 1) {
      await codes.take();
      expect(asked.reduce((sum, count) => sum + count) - used).toBeLessThanOrEqual(used);
    }
    expect(asked.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 32, 32]);
  });

  it('are made once for many who ask at the same time', async () => {
    const { codes, asked } = making();
    const taken = await Promise.all(Array.from({ length: 7 }, () => codes.take()));
    expect(new Set(taken).size).toBe(7);
    expect(asked).toEqual([1, 2, 4]);
  });

  it('fail whoever asks while the PDS is away, and nobody after it', async () => {
    const { codes } = making({ failing: 1 });
    const waiting = await Promise.allSettled([codes.take(), codes.take()]);
    expect(waiting.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await codes.take()).toBe('c1');
  });

  it('that were made along with one that was refused are not given', async () => {
    const { codes, asked } = making();
    await take(codes, 4);
    codes.drop();
    expect(await codes.take()).toBe('c8');
    expect(asked).toEqual([1, 2, 4, 1]);
  });
});
