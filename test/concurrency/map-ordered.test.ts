import { expect, it } from 'vitest';
import { inStep } from '../../src/concurrency/map-ordered.ts';
import { all } from '../mongo/subjects/people.ts';
import { settled } from '../support/virtual-clock.ts';

async function* upTo(count: number, after?: () => void): AsyncIterable<number> {
  for (let at = 0; at < count; at += 1) yield at;
  after?.();
}

it('gives the outcomes in the order of the items, and works on no more than so many at once', async () => {
  let atWork = 0;
  let most = 0;
  const work = async (at: number): Promise<number> => {
    atWork += 1;
    most = Math.max(most, atWork);
    for (let turns = at % 3; turns >= 0; turns -= 1) await settled();
    atWork -= 1;
    return at;
  };
  expect(await all(inStep(upTo(7), work, 3))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(most).toBe(3);
});

it('hands out what was begun before the stream broke off', async () => {
  const found: number[] = [];
  const broken = upTo(3, () => {
    throw new Error('broke off');
  });
  const reading = (async () => {
    for await (const at of inStep(broken, async (item) => item, 2)) found.push(at);
  })();
  await expect(reading).rejects.toThrow('broke off');
  expect(found).toEqual([0, 1, 2]);
});

it('tells of work that failed in its turn, and takes no more', async () => {
  const begun: number[] = [];
  const found: number[] = [];
  const work = async (at: number): Promise<number> => {
    begun.push(at);
    if (at >= 1) throw new Error(`no ${at}`);
    return at;
  };
  const reading = (async () => {
    for await (const at of inStep(upTo(9), work, 2)) found.push(at);
  })();
  await expect(reading).rejects.toThrow('no 1');
  expect([found, begun]).toEqual([[0], [0, 1, 2]]);
});
