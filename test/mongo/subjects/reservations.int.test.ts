/** Reservations on the real server: the promises of the contract, and that no address is in them. */
import { describe, expect, it } from 'vitest';
import { eventId } from '../../../src/identity.ts';
import { ensureCollections } from '../../../src/mongo/setup/indexes.ts';
import { reservations } from '../../../src/mongo/subjects/reservations.ts';
import { openWorld } from '../world.ts';
import { alice, at } from './people.ts';
import { reservationsContract } from './reservations.contract.ts';

const world = openWorld();

describe('reservations in MongoDB', () => {
  reservationsContract(async () => reservations(world.fresh()));

  it('keeps a hash of an address, and is found by the index on users', async () => {
    const db = world.fresh();
    await ensureCollections(db);
    const by = { user: alice.user, intent: eventId('a'), at: at(0), until: at(60) };
    await reservations(db).reserve([{ kind: 'email', value: 'alice@example.com' }], by);
    const stored = db.collection('concord.reservations');
    expect(JSON.stringify(await stored.find().toArray())).not.toContain('example.com');
    const plan = JSON.stringify(await stored.find({ user: alice.user }).explain('queryPlanner'));
    expect(plan).toContain('"indexName":"user"');
  });
});
