/**
 * Every write of an account host says what it did, and did what it says, also where the PDS answers 200 to a call that
 * changed nothing. A write that is added to the port needs rows here before this passes.
 */
import { describe, expect, test } from 'vitest';
import { UpstreamError } from '../../src/errors.ts';
import type { AccountHandle, Did } from '../../src/identity.ts';
import type { AccountHost } from '../../src/ports/accounts.ts';
import { CALLS } from '../support/in-memory/calls.ts';
import type { HostUnderTest } from './account-host.contract.ts';

export interface Written {
  readonly world: HostUnderTest;
  /** An account that is there. */
  readonly did: Did;
  /** One that the PDS has deleted, whose DID is in the directory. */
  readonly goneDid: Did;
  /** One that another account has. */
  readonly takenHandle: AccountHandle;
  readonly takenEmail: string;
  /** One that nobody has. */
  readonly freeHandle: AccountHandle;
  readonly freeEmail: string;
}

interface Write {
  readonly reason: string;
  readonly given?: (one: Written) => Promise<unknown>;
  readonly write: (host: AccountHost, one: Written) => Promise<unknown>;
  /** What the write answers, or the code of what it throws. */
  readonly says: string;
  /** Of the account that is there. */
  readonly changes: boolean;
}

const NEW_PASSWORD = 'a-new-password';

async function create(host: AccountHost, handle: AccountHandle, email: string): Promise<string> {
  const account = { handle, email, password: 'secret', inviteCode: await host.createInvite() };
  return (await host.createAccount(account)).type;
}

const WRITES: Readonly<Record<string, readonly Write[]>> = {
  createInvite: [
    {
      reason: 'a code of its own for each account',
      write: async (host) => {
        const codes = [await host.createInvite(), await host.createInvite()];
        return `${new Set(codes).size} codes`;
      },
      ...{ says: '2 codes', changes: false },
    },
  ],
  createAccount: [
    {
      reason: 'the handle and the address are free',
      write: (host, { freeHandle, freeEmail }) => create(host, freeHandle, freeEmail),
      ...{ says: 'created', changes: false },
    },
    {
      reason: 'another account has the handle',
      write: (host, { takenHandle, freeEmail }) => create(host, takenHandle, freeEmail),
      ...{ says: 'refused', changes: false },
    },
  ],
  changeHandle: [
    {
      reason: 'it is free',
      write: (host, { did, freeHandle }) => host.changeHandle(did, freeHandle),
      ...{ says: 'changed', changes: true },
    },
    {
      reason: 'another account has it',
      write: (host, { did, takenHandle }) => host.changeHandle(did, takenHandle),
      ...{ says: 'taken', changes: false },
    },
  ],
  changeEmail: [
    {
      reason: 'it is free',
      write: (host, { did, freeEmail }) => host.changeEmail(did, freeEmail),
      ...{ says: 'changed', changes: true },
    },
    {
      reason: 'another account has it',
      write: (host, { did, takenEmail }) => host.changeEmail(did, takenEmail),
      ...{ says: 'refused', changes: false },
    },
    {
      reason: 'the account was deleted',
      write: (host, { goneDid, freeEmail }) => host.changeEmail(goneDid, freeEmail),
      ...{ says: 'missing', changes: false },
    },
  ],
  setActive: [
    {
      reason: 'it is active',
      write: (host, { did }) => host.setActive(did, false),
      ...{ says: 'set', changes: true },
    },
    {
      reason: 'it is deactivated',
      given: ({ world, did }) => world.deactivate(did),
      write: (host, { did }) => host.setActive(did, true),
      ...{ says: 'set', changes: true },
    },
    {
      reason: 'the account was deleted',
      write: (host, { goneDid }) => host.setActive(goneDid, false),
      ...{ says: 'missing', changes: false },
    },
  ],
  deleteAccount: [
    {
      reason: 'it is there',
      write: (host, { did }) => host.deleteAccount(did),
      ...{ says: 'deleted', changes: true },
    },
    {
      reason: 'it was deleted before',
      write: (host, { goneDid }) => host.deleteAccount(goneDid),
      ...{ says: 'missing', changes: false },
    },
  ],
  setPassword: [
    {
      reason: 'it is there',
      write: (host, { did }) => host.setPassword(did, NEW_PASSWORD),
      ...{ says: 'set', changes: true },
    },
    {
      reason: 'the account was deleted',
      write: (host, { goneDid }) => host.setPassword(goneDid, NEW_PASSWORD),
      ...{ says: 'refused', changes: false },
    },
  ],
};

export function accountWritesContract(given: () => Promise<Written>): void {
  describe('what a write says', () => {
    test('is in the table for each write of the port', () => {
      const writes = Object.entries(CALLS.accounts).flatMap(([name, kind]) => (kind === 'write' ? name : []));
      expect(Object.keys(WRITES).sort()).toEqual(writes.sort());
    });

    describe.each(Object.entries(WRITES))('%s', (_name, writes) => {
      test.each(writes)('$reason: $says', async ({ given: prepare, write, says, changes }) => {
        const one = await given();
        const { host } = one.world;
        await prepare?.(one);
        const state = async () => ({
          account: await host.account(one.did),
          hasNewPassword: await host.canLogIn(one.did, NEW_PASSWORD),
        });
        const before = await state();
        const answer = await write(host, one).catch((error: unknown) => {
          if (!(error instanceof UpstreamError)) throw error;
          return error.code;
        });
        expect(answer).toBe(says);
        const after = await state();
        if (changes) expect(after).not.toEqual(before);
        else expect(after).toEqual(before);
      });
    });
  });
}
