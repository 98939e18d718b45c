import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/errors.ts';
import { gather } from '../../../src/mongo/driver/gather.ts';

/** Something that carries calls out when it is told to, and keeps which ones it was handed together. */
function open(options: { readonly atOnce?: number; readonly most?: number } = {}) {
  const groups: (readonly string[])[] = [];
  const ends: ((error?: unknown) => void)[] = [];
  const call = gather<string, string>({
    atOnce: options.atOnce ?? 1,
    most: options.most ?? 10,
    size: (text) => text.length,
    carryOut: (calls) => {
      groups.push(calls);
      return new Promise((resolve, reject) => {
        ends.push((error) =>
          error === undefined ? resolve(calls.map((text) => `${text}!`)) : reject(error),
        );
      });
    },
  });
  /** Ends the oldest group that is under way, and lets the next one begin. */
  const end = async (error?: unknown): Promise<void> => {
    ends.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { call, groups, end };
}

const outage = new UpstreamError('away', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true });
const refusal = new UpstreamError('no', { upstream: 'mongodb', code: 'REFUSED', retryable: false });

describe('gathering', () => {
  it('carries out at once what comes alone', async () => {
    const { call, groups, end } = open();
    const answer = call('a');
    expect(groups).toEqual([['a']]);
    await end();
    expect(await answer).toBe('a!');
  });

  it('carries out together what came meanwhile, and answers each with its own', async () => {
    const { call, groups, end } = open();
    const answers = ['a', 'b', 'c'].map((text) => call(text));
    await end();
    await end();
    expect(groups).toEqual([['a'], ['b', 'c']]);
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!']);
  });

  it('has as many under way as it was told', async () => {
    const { call, groups, end } = open({ atOnce: 2 });
    const answers = ['a', 'b', 'c'].map((text) => call(text));
    expect(groups).toEqual([['a'], ['b']]);
    await end();
    expect(groups).toHaveLength(3);
    await end();
    await end();
    await Promise.all(answers);
  });

  it('keeps together no more than fits, in the order of coming, and a large call to itself', async () => {
    const { call, groups, end } = open({ most: 3 });
    const answers = ['a', 'bb', 'c', 'dd', 'eeeee', 'f'].map((text) => call(text));
    for (let group = 0; group < 5; group += 1) await end();
    expect(groups).toEqual([['a'], ['bb', 'c'], ['dd'], ['eeeee'], ['f']]);
    await Promise.all(answers);
  });

  it('fails all when the other side is away, and goes on', async () => {
    const { call, groups, end } = open();
    const answers = Promise.allSettled(['a', 'b', 'c'].map((text) => call(text)));
    await end();
    await end(outage);
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    const next = call('d');
    await end();
    expect(await next).toBe('d!');
    expect(groups).toHaveLength(3);
  });

  it('tries each alone when one was refused, so that the others do not fail for it', async () => {
    const { call, groups, end } = open();
    const answers = Promise.allSettled(['a', 'bad', 'c'].map((text) => call(text)));
    await end();
    await end(refusal);
    await end(refusal);
    await end();
    expect(groups).toEqual([['a'], ['bad', 'c'], ['bad'], ['c']]);
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
