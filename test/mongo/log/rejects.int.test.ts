import { describe, expect, it } from 'vitest';
import { rejects, type StoredReject } from '../../../src/mongo/log/rejects.ts';
import { at, otherTenant, tenant } from '../subjects/people.ts';
import { openWorld } from '../world.ts';

const world = openWorld();

function make() {
  const db = world.fresh();
  return { sink: rejects(db), stored: () => db.collection<StoredReject>('concord.rejects').find().toArray() };
}

describe('rejects', () => {
  const reject = { tenant, reason: 'no user_id', raw: '{"a":1}', receivedAt: at(5) };

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

  it('are none when none are given', async () => {
    const { sink, stored } = make();
    await sink.add([]);
    expect(await stored()).toEqual([]);
  });
});
