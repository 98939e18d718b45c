/** What every DidDirectory does, a real one and whatever stands in for it in faster tests. */
import { describe, expect, test } from 'vitest';
import { type Did, parseDid } from '../../src/identity.ts';
import type { DidDirectory } from '../../src/ports/accounts.ts';

export interface DirectoryUnderTest {
  readonly dids: DidDirectory;
  /** A new account on this PDS. */
  create(): Promise<Did>;
  /** What the DID of the account says is another PDS, or this one again. */
  move(did: Did, origin: string | 'back'): Promise<void>;
  /** The administrator deletes the account. */
  remove(did: Did): Promise<void>;
}

const ELSEWHERE = 'https://elsewhere.example';

export function didDirectoryContract(name: string, open: () => DirectoryUnderTest): void {
  describe(`${name}, a directory of DIDs`, () => {
    test('an account that was made here is here, also once it is deleted', async () => {
      const { dids, create, remove } = open();
      const did = await create();
      expect(await dids.serviceOf(did)).toEqual({ type: 'here' });
      await remove(did);
      expect(await dids.serviceOf(did)).toEqual({ type: 'here' });
    });

    test('an account that moves is elsewhere until it is back', async () => {
      const { dids, create, move } = open();
      const did = await create();
      const other = await create();
      await move(did, ELSEWHERE);
      expect(await dids.serviceOf(did)).toEqual({ type: 'elsewhere', origin: ELSEWHERE });
      expect(await dids.serviceOf(other)).toEqual({ type: 'here' });
      await move(did, 'back');
      expect(await dids.serviceOf(did)).toEqual({ type: 'here' });
    });

    test('a DID that nobody registered is nowhere', async () => {
      const did = parseDid(`did:plc:${'z'.repeat(24)}`);
      if (did === undefined) throw new Error('It is no DID.');
      expect(await open().dids.serviceOf(did)).toEqual({ type: 'nowhere' });
    });
  });
}
