import { describe, expect, it } from 'vitest';
import { BEYOND_LIMIT, maxKept, rejects, type StoredReject } from '../../../src/mongo/log/rejects.ts';
import { at, otherTenant, tenant } from '../subjects/people.ts';
import { openWorld } from '../world.ts';

const world = openWorld();

function make() {
  const db = world.fresh();
  const collection = db.collection<StoredReject>('concord.rejects');
  const other = (number: number): StoredReject => ({
    ...{ _id: `other ${number}`, tenant, reason: 'other', raw: `${number}`, count: 1 },
    ...{ firstAt: at(0), lastAt: at(0) },
  });
  return {
    sink: rejects(db),
    stored: () => collection.find().toArray(),
    fill: (count: number) =>
      collection.insertMany(Array.from({ length: count }, (_, number) => other(number))),
  };
}

describe('rejects', () => {
  const reject = { tenant, reason: 'no user_id', raw: '{"a":1}', receivedAt: at(5), count: 1 };

  it('keep the same entry once, with when it came first and last and how often', async () => {
    const { sink, stored } = make();
    await sink.add([reject, { ...reject, receivedAt: at(9) }]);
    await sink.add([{ ...reject, receivedAt: at(2) }]);
    expect(await stored()).toEqual([
      {
        _id: expect.stringMatching(/^[0-9a-f]{64}$/),
        tenant: 'main',
        reason: 'no user_id',
        raw: '{"a":1}',
        firstAt: at(2),
        lastAt: at(9),
        count: 3,
      },
    ]);
  });

  it('keep entries apart that differ in tenant, reason or text, or only after the cut', async () => {
    const { sink, stored } = make();
    const long = 'x'.repeat(70_000);
    await sink.add([
      reject,
      { ...reject, tenant: otherTenant },
      { ...reject, reason: 'no type' },
      { ...reject, raw: `${long}1` },
      { ...reject, raw: `${long}2` },
    ]);
    expect(await stored()).toHaveLength(5);
  });

  it('cut a text at 64 KiB, between characters', async () => {
    const { sink, stored } = make();
    await sink.add([{ ...reject, raw: `x${'é'.repeat(40_000)}` }]);
    const [kept] = await stored();
    expect(Buffer.byteLength(kept?.raw ?? '')).toBe(64 * 1024 - 1);
    expect(kept?.raw).toMatch(/^xé+$/);
  });

  it('count right when many come at once', async () => {
    const { sink, stored } = make();
    await Promise.all(Array.from({ length: 30 }, () => sink.add([reject])));
    expect((await stored()).map((each) => each.count)).toEqual([30]);
  });

  it('count as many as they stand for', async () => {
    const { sink, stored } = make();
    await sink.add([{ ...reject, count: 40 }]);
    await sink.add([{ ...reject, count: 2 }]);
    expect((await stored()).map(({ count }) => count)).toEqual([42]);
  });

  it('are only counted where there are too many, unless they are known', async () => {
    const { sink, stored, fill } = make();
    await sink.add([reject]);
    await fill(maxKept - 1);
    await sink.add([reject, { ...reject, raw: 'new' }, { ...reject, raw: 'newer', count: 7 }]);
    await sink.add([{ ...reject, tenant: otherTenant, raw: 'new' }]);
    const kept = await stored();
    expect(kept).toHaveLength(maxKept + 2);
    expect(kept.find(({ raw, tenant: of }) => raw === reject.raw && of === tenant)?.count).toBe(2);
    const beyond = kept.filter(({ reason }) => reason === BEYOND_LIMIT);
    expect(beyond.map(({ tenant: of, raw, count }) => [of, raw, count])).toEqual([
      [tenant, '', 8],
      [otherTenant, '', 1],
    ]);
  });

  it('are none when none are given', async () => {
    const { sink, stored } = make();
    await sink.add([]);
    expect(await stored()).toEqual([]);
  });
});
