/** What every index of inactive accounts promises. */
import { describe, expect, it } from 'vitest';
import type { InactiveAccount, InactiveAccounts } from '../../src/ports/accounts.ts';
import { aliceDid, at, bobDid, handle } from './subjects/people.ts';

const alices: InactiveAccount = {
  did: aliceDid,
  email: 'alice@example.com',
  handle: handle('alice'),
  state: 'deactivated',
};
const bobs: InactiveAccount = {
  did: bobDid,
  email: 'Bob@example.com',
  handle: handle('bob'),
  state: 'takendown',
};

export function inactiveAccountsContract(make: () => Promise<InactiveAccounts>): void {
  const emailOf = async (index: InactiveAccounts, email: string) =>
    (await index.holdersOf([email], [])).get(email) ?? [];

  it('finds accounts by address and by handle, and leaves out what no account has', async () => {
    const index = await make();
    await index.keep([alices, bobs], at(0));
    expect(
      await index.holdersOf(
        ['alice@example.com', 'bob@example.com', 'carol@example.com'],
        [handle('alice'), handle('carol')],
      ),
    ).toEqual(
      new Map([
        ['alice@example.com', [aliceDid]],
        ['bob@example.com', [bobDid]],
        [handle('alice'), [aliceDid]],
      ]),
    );
    expect(await index.holdersOf([], [])).toEqual(new Map());
  });

  it('finds what an incomplete listing found, and keeps what it has not come to yet', async () => {
    const index = await make();
    await index.keep([alices], at(0));
    await index.complete(at(0));
    await index.keep([bobs], at(10));
    expect(await emailOf(index, 'alice@example.com')).toEqual([aliceDid]);
    expect(await emailOf(index, 'bob@example.com')).toEqual([bobDid]);
    expect(await index.listing()).toMatchObject({ refreshedAt: at(0) });
  });

  it('drops what a complete listing does not have', async () => {
    const index = await make();
    await index.keep([alices, bobs], at(0));
    await index.complete(at(0));
    await index.keep([bobs], at(10));
    await index.complete(at(10));
    expect(await emailOf(index, 'alice@example.com')).toEqual([]);
    expect(await emailOf(index, 'bob@example.com')).toEqual([bobDid]);
    expect(await index.listing()).toMatchObject({ refreshedAt: at(10) });
  });

  it('finds an account under its newest address alone, and under none when it has none', async () => {
    const index = await make();
    await index.keep([alices], at(0));
    await index.keep([{ ...alices, email: 'new@example.com' }], at(10));
    expect(await emailOf(index, 'alice@example.com')).toEqual([]);
    expect(await emailOf(index, 'new@example.com')).toEqual([aliceDid]);
    await index.keep([{ ...alices, email: undefined }], at(20));
    expect(await emailOf(index, 'new@example.com')).toEqual([]);
    expect(await index.holdersOf([], [alices.handle])).toEqual(new Map([[alices.handle, [aliceDid]]]));
  });

  it('lets an older listing undo nothing that a newer one found', async () => {
    const index = await make();
    await index.keep([{ ...alices, email: 'new@example.com' }], at(10));
    await index.keep([alices, bobs], at(0));
    await index.complete(at(10));
    await index.complete(at(0));
    expect(await emailOf(index, 'alice@example.com')).toEqual([]);
    expect(await emailOf(index, 'new@example.com')).toEqual([aliceDid]);
    expect(await emailOf(index, 'bob@example.com')).toEqual([]);
    expect(await index.listing()).toMatchObject({ refreshedAt: at(10) });
  });

  it('keeps many at once', async () => {
    const index = await make();
    await index.keep([], at(0));
    const many = Array.from({ length: 2_500 }, (_, place) => ({
      ...{ did: didOf(place), handle: handle(`carol${place}`), state: 'deactivated' as const },
      email: `carol${place}@example.com`,
    }));
    await index.keep(many, at(0));
    await index.complete(at(0));
    expect(await emailOf(index, 'carol2499@example.com')).toEqual([didOf(2_499)]);
  });

  describe('a listing for a failed creation', () => {
    it('is claimed by one of many who ask at once, and by none before the time that was set', async () => {
      const index = await make();
      expect(await index.listing()).toEqual({
        refreshedAt: undefined,
        begunAt: undefined,
        nextAt: undefined,
      });
      const claims = await Promise.all(Array.from({ length: 8 }, () => index.claimListing(at(0), at(600))));
      expect(claims.filter(Boolean)).toHaveLength(1);
      expect(await index.claimListing(at(599), at(1_199))).toBe(false);
      expect(await index.listing()).toEqual({ refreshedAt: undefined, begunAt: at(0), nextAt: at(600) });
      expect(await index.claimListing(at(600), at(1_200))).toBe(true);
      expect(await index.listing()).toMatchObject({ begunAt: at(600), nextAt: at(1_200) });
    });

    it('is no account, and stays when accounts go', async () => {
      const index = await make();
      await index.claimListing(at(0), at(600));
      await index.complete(at(10));
      expect(await index.listing()).toEqual({ refreshedAt: at(10), begunAt: at(0), nextAt: at(600) });
      expect(await index.holdersOf(['listing'], [])).toEqual(new Map());
    });
  });
}

const LETTERS = 'bcdfghjkmn';

function didOf(place: number): InactiveAccount['did'] {
  const letters = [...String(place)].map((digit) => LETTERS.charAt(Number(digit))).join('');
  return aliceDid.slice(0, -letters.length).concat(letters) as InactiveAccount['did'];
}
