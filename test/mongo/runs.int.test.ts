/** Long runs on the real server: the promises of the contract. */
import { describe } from 'vitest';
import { runs } from '../../src/mongo/runs.ts';
import { runsContract } from './runs.contract.ts';
import { openWorld } from './world.ts';

const world = openWorld();

describe('runs in MongoDB', () => {
  runsContract(async () => runs(world.fresh()));
});
