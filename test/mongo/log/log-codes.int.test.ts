import { expect, it } from 'vitest';
import { collections } from '../../../src/mongo/driver/collections.ts';
import { MOST_CODES, seenCodes } from '../../../src/mongo/log/log-codes.ts';
import { openWorld } from '../world.ts';

const world = openWorld();

it('says once that a code is the first of its kind, to one of many who ask at once', async () => {
  const db = world.fresh();
  const asking = Array.from({ length: 8 }, () => seenCodes(db).isFirst('new1'));
  const answers = await Promise.all(asking);
  expect(answers.filter((isFirst) => isFirst)).toHaveLength(1);
  expect(await seenCodes(db).isFirst('new1')).toBe(false);
  expect(await seenCodes(db).isFirst('new2')).toBe(true);
});

it('remembers a limited number, and calls nothing beyond it the first', async () => {
  const db = world.fresh();
  const codes = seenCodes(db);
  for (let at = 0; at < MOST_CODES; at += 1) expect(await codes.isFirst(`new${at}`)).toBe(true);
  expect(await codes.isFirst('beyond')).toBe(false);
  const [kept] = await db.collection(collections.cursors).find().toArray();
  expect(kept?.['codes']).toHaveLength(MOST_CODES);
});
