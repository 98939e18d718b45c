/** The index of inactive accounts on the real server: the promises of the contract, and what is stored. */
import { describe, expect, it } from 'vitest';
import { inactiveAccounts } from '../../src/mongo/inactive-accounts.ts';
import { ensureCollections } from '../../src/mongo/setup/indexes.ts';
import { inactiveAccountsContract } from './inactive-accounts.contract.ts';
import { aliceDid, at, handle } from './subjects/people.ts';
import { openWorld } from './world.ts';

const world = openWorld();

describe('inactive accounts in MongoDB', () => {
  inactiveAccountsContract(async () => {
    const db = world.fresh();
    await ensureCollections(db);
    return inactiveAccounts(db);
  });

  it('are stored without their addresses and handles', async () => {
    const db = world.fresh();
    const account = { did: aliceDid, email: 'alice@example.com', handle: handle('alice') };
    await inactiveAccounts(db).keep([{ ...account, state: 'deactivated' }], at(0));
    const [stored] = await db.collection('concord.inactive-accounts').find().toArray();
    expect(stored).toMatchObject({ _id: aliceDid, state: 'deactivated', seenAt: at(0) });
    expect(JSON.stringify(stored)).not.toMatch(/alice@|alice\.at\.test/);
  });
});
