/** What every keeper of long runs promises: one holder at a time, and nothing forgotten until it is done. */
import { expect, it } from 'vitest';
import { LeaseLostError } from '../../src/errors.ts';
import type { Occasion, RunLease, Runs } from '../../src/ports/runs.ts';
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

  const once = async (runs: Runs, occasion: Occasion, seconds: number) => {
    const lease = await runs.beginOnce('sweep:main', occasion, at(seconds), minute);
    return lease === 'done' || 'token' in lease ? lease : 'held';
  };
  const doneFor = async (runs: Runs, occasion: Occasion, seconds: number): Promise<void> => {
    const lease = await once(runs, occasion, seconds);
    if (typeof lease === 'string') throw new Error(`The work is ${lease}.`);
    await runs.end(lease, 'done');
  };

  it('does a work once for a tick of the schedule, and again for the next', async () => {
    const runs = await make();
    await doneFor(runs, { tick: at(0) }, 1);
    expect(await once(runs, { tick: at(0) }, 2)).toBe('done');
    await doneFor(runs, { tick: at(30) }, 30);
    // A process whose clock is behind comes to a tick when others have done a later one.
    expect(await once(runs, { tick: at(0) }, 33)).toBe('done');
    expect(await once(runs, { tick: at(30) }, 33)).toBe('done');
  });

  it('does a work for a tick again that broke off, and not while it is under way', async () => {
    const runs = await make();
    const first = await once(runs, { tick: at(0) }, 0);
    if (typeof first === 'string') throw new Error(`The work is ${first}.`);
    expect(await once(runs, { tick: at(0) }, 1)).toBe('held');
    await runs.end(first, 'broken-off');
    await doneFor(runs, { tick: at(0) }, 2);
    expect(await once(runs, { tick: at(0) }, 3)).toBe('done');
  });

  it('does not let the ticks of a clock that is far ahead count for others', async () => {
    const runs = await make();
    await doneFor(runs, { tick: at(3_600) }, 0);
    await doneFor(runs, { tick: at(0) }, 0);
    expect(await once(runs, { tick: at(0) }, 1)).toBe('done');
  });

  it('does a work once more than it was done', async () => {
    const runs = await make();
    expect(await runs.state('sweep:main', at(0))).toEqual({ ended: 0, isUnderWay: false });
    const lease = await begun(runs, 'sweep:main', 0);
    expect(await runs.state('sweep:main', at(1))).toEqual({ ended: 0, isUnderWay: true });
    expect(await once(runs, { endedAbove: 0 }, 1)).toBe('held');
    await runs.end(lease, 'done');
    expect(await once(runs, { endedAbove: 0 }, 2)).toBe('done');
    await doneFor(runs, { endedAbove: 1 }, 2);
    expect(await runs.state('sweep:main', at(3))).toEqual({ ended: 2, isUnderWay: false });
  });

  it('gives a work for one tick to one of many who ask at once', async () => {
    const runs = await make();
    const asked = await Promise.all(Array.from({ length: 8 }, () => once(runs, { tick: at(0) }, 0)));
    expect(asked.filter((lease) => typeof lease !== 'string')).toHaveLength(1);
  });
}
