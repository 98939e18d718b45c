/** The totals of what was ignored on the real server: the promises of the contract. */
import { describe } from 'vitest';
import { ignoredTotals } from '../../src/mongo/ignored.ts';
import { ensureCollections } from '../../src/mongo/indexes.ts';
import { ignoredContract } from './ignored.contract.ts';
import { openWorld } from './world.ts';

const world = openWorld();

describe('totals of what was ignored in MongoDB', () => {
  ignoredContract(async () => {
    const db = world.fresh();
    await ensureCollections(db);
    return ignoredTotals(db);
  });
});
