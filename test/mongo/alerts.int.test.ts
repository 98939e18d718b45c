/** Alerts on the real server. */
import { describe } from 'vitest';
import { alertStore } from '../../src/mongo/alerts.ts';
import { alertsContract } from './alerts.contract.ts';
import { openWorld } from './world.ts';

const world = openWorld();

describe('alerts in MongoDB', () => {
  alertsContract(async () => alertStore(world.fresh()));
});
