/** The totals of what was ignored on the real server: the promises of the contract. */
import { describe } from 'vitest';
import { ignoredTotals } from '../../../src/mongo/log/ignored.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { openWorld } from '../world.ts';
import { ignoredContract } from './ignored.contract.ts';

const world = openWorld();

describe('totals of what was ignored in MongoDB', () => {
  ignoredContract(async () => {
    const db = world.fresh();
    await ensureCollections(db);
    return ignoredTotals(db);
  });
});
