/** What every keeper of long runs promises: one holder at a time, and nothing forgotten until it is done. */
import { expect, it } from 'vitest';
import { LeaseLostError } from '../../src/errors.ts';
import type { RunLease, Runs } from '../../src/ports/runs.ts';
import { at } from './subjects/people.ts';

const minute = 60_000;

export function runsContract(make: () => Promise<Runs>): void {
  const begun = async (runs: Runs, name: string, seconds: number): Promise<RunLease> => {
    const lease = await runs.begin(name, at(seconds), minute);
    if ('heldUntil' in lease) throw new Error('Somebody else is at it.');
    return lease;
  };

  it('gives a work to one at a time, and says until when', async () => {
    const runs = await make();
    const first = await begun(runs, 'sweep:main', 0);
    expect(first.position).toBeUndefined();
    expect(await runs.begin('sweep:main', at(59), minute)).toEqual({ heldUntil: at(60) });
    await begun(runs, 'sweep:second', 0);
    await runs.keep(first, at(50), minute);
    expect(await runs.begin('sweep:main', at(61), minute)).toEqual({ heldUntil: at(110) });
    await runs.end(first, 'done');
    expect((await begun(runs, 'sweep:main', 61)).position).toBeUndefined();
  });

  it('hands on how far a holder had come whose lease ran out, and that holder can do no more', async () => {
    const runs = await make();
    const first = await begun(runs, 'sweep:main', 0);
    await runs.keep(first, at(10), minute, 'page 7');
    await runs.keep(first, at(20), minute);
    const second = await begun(runs, 'sweep:main', 80);
    expect(second.position).toBe('page 7');
    await expect(runs.keep(first, at(81), minute, 'page 8')).rejects.toBeInstanceOf(LeaseLostError);
    await runs.end(first, 'done');
    expect(await runs.begin('sweep:main', at(82), minute)).toEqual({ heldUntil: at(140) });
    await runs.keep(second, at(83), minute, 'page 9');
    await runs.end(second, 'broken-off');
    expect((await begun(runs, 'sweep:main', 84)).position).toBe('page 9');
  });

  it('keeps a lease that ran late, as long as nobody took it', async () => {
    const runs = await make();
    const lease = await begun(runs, 'sweep:main', 0);
    await runs.keep(lease, at(100), minute, 'page 1');
    expect(await runs.begin('sweep:main', at(101), minute)).toEqual({ heldUntil: at(160) });
  });

  it('gives a work to one of many who ask at once', async () => {
    const runs = await make();
    const asked = await Promise.all(Array.from({ length: 8 }, () => runs.begin('sweep:main', at(0), minute)));
    expect(asked.filter((lease) => 'token' in lease)).toHaveLength(1);
  });
}
