/**
 * What every AccountHost does, the real PDS and whatever stands in for it in faster tests. Each test
 * makes its own people, so the tests share one host and run in any order.
 */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { UpstreamError } from '../../src/errors.ts';
import { type AccountHandle, type Did, parseAccountHandle, parseDid } from '../../src/identity.ts';
import type { AccountHost, CreateAccountResult, Repository } from '../../src/ports/accounts.ts';
import { accountWritesContract } from './account-writes.contract.ts';

export interface HostUnderTest {
  readonly host: AccountHost;
  /** Where handles live, with a leading dot. */
  readonly domain: string;
  /** What the account's owner may do to it. */
  deactivate(did: Did): Promise<void>;
  /** What a moderator may do to it. */
  takeDown(did: Did): Promise<void>;
}

interface Person {
  readonly handle: AccountHandle;
  readonly email: string;
  readonly password: string;
}

const nobodysDid = didOf(`did:plc:${'z'.repeat(24)}`);

export function accountHostContract(name: string, open: () => HostUnderTest): void {
  const handleOf = (label: string): AccountHandle => {
    const handle = parseAccountHandle(`${label}${open().domain}`);
    if (handle === undefined) throw new Error(`${label} makes no handle.`);
    return handle;
  };
  const person = (label: string): Person => {
    const unique = `${label}-${randomBytes(4).toString('hex')}`;
    return { handle: handleOf(unique), email: `${unique}@example.com`, password: `${unique}-secret` };
  };
  const create = async (who: Person): Promise<CreateAccountResult> => {
    const { host } = open();
    return host.createAccount({ ...who, inviteCode: await host.createInvite() });
  };
  const join = async (who: Person): Promise<Did> => {
    const result = await create(who);
    if (result.type !== 'created') throw new Error(`Not created: ${result.message}`);
    return result.did;
  };

  describe(`${name}, an account host`, () => {
    accountWritesContract(async () => {
      const [alice, gone, bob, free] = [person('alice'), person('gone'), person('bob'), person('free')];
      const [did, goneDid] = [await join(alice), await join(gone), await join(bob)];
      await open().host.deleteAccount(goneDid);
      return {
        ...{ world: open(), did, goneDid, takenHandle: bob.handle, takenEmail: bob.email },
        ...{ freeHandle: free.handle, freeEmail: free.email },
      };
    });

    describe('creating', () => {
      test('gives an account that can be read, resolved and logged in to', async () => {
        const { host } = open();
        const alice = person('alice');
        const inviteCode = await host.createInvite();

        const result = await host.createAccount({ ...alice, inviteCode });

        expect(result).toEqual({ type: 'created', did: expect.any(String), handle: alice.handle });
        const did = result.type === 'created' ? result.did : nobodysDid;
        expect(await host.account(did)).toEqual({
          did,
          handle: alice.handle,
          email: alice.email,
          inviteHash: createHash('sha256').update(inviteCode).digest('hex'),
          state: 'active',
        });
        expect(await host.holderOf(alice.handle)).toEqual({ type: 'account', did });
        expect(await host.canLogIn(did, alice.password)).toBe(true);
        expect(await host.canLogIn(did, 'another')).toBe(false);
      });

      test('keeps the address in lower case', async () => {
        const alice = person('alice');
        const did = await join({ ...alice, email: alice.email.toUpperCase() });
        expect(await open().host.account(did)).toMatchObject({ email: alice.email });
      });

      test.each([
        ['a taken handle', 'handle', (bob: Person, alice: Person) => ({ ...bob, handle: alice.handle })],
        ['a taken address', 'email', (bob: Person, alice: Person) => ({ ...bob, email: alice.email })],
        [
          'a taken address in other letters',
          'email',
          (bob: Person, alice: Person) => ({ ...bob, email: alice.email.toUpperCase() }),
        ],
        [
          'both taken: the handle is named first',
          'handle',
          (bob: Person, alice: Person) => ({ ...alice, password: bob.password }),
        ],
      ] as const)('refuses %s', async (_reason, field, wanted) => {
        const alice = person('alice');
        await join(alice);

        const result = await create(wanted(person('bob'), alice));

        expect(result).toMatchObject({ type: 'refused', field, reason: 'taken' });
        expect(JSON.stringify(result)).not.toContain('example.com');
      });

      test.each([
        ['a reserved word', 'admin'],
        ['two letters', 'ab'],
        ['nineteen letters', 'a'.repeat(19)],
      ])('refuses %s as a handle', async (_reason, label) => {
        const result = await create({ ...person('alice'), handle: handleOf(label) });
        expect(result).toMatchObject({ type: 'refused', field: 'handle', reason: 'not-allowed' });
      });

      test('refuses an address that is none', async () => {
        const result = await create({ ...person('alice'), email: 'alice' });
        expect(result).toMatchObject({ type: 'refused', field: 'email', reason: 'not-allowed' });
      });

      test('takes an invite code once, and a refused try does not use it up', async () => {
        const { host } = open();
        const alice = person('alice');
        const inviteCode = await host.createInvite();
        expect(await host.createAccount({ ...alice, email: 'alice', inviteCode })).toMatchObject({
          type: 'refused',
        });
        expect(await host.createAccount({ ...alice, inviteCode })).toMatchObject({ type: 'created' });

        const again = host.createAccount({ ...person('bob'), inviteCode });

        await expect(again).rejects.toMatchObject({
          code: 'INVITE_REFUSED',
          retryable: false,
          effect: 'none',
        });
      });
    });

    describe('who holds a handle', () => {
      test('nobody, and asking creates nobody', async () => {
        const { host } = open();
        const { handle } = person('alice');
        expect(await host.holderOf(handle)).toEqual({ type: 'nobody' });
        expect(await host.holderOf(handle)).toEqual({ type: 'nobody' });
      });

      test.each(['deactivate', 'takeDown'] as const)('hidden, after %s', async (hide) => {
        const { host, ...owner } = open();
        const alice = person('alice');
        const did = await join(alice);
        await owner[hide](did);

        expect(await host.holderOf(alice.handle)).toEqual({ type: 'hidden' });
        expect(await host.account(did)).toMatchObject({
          state: hide === 'deactivate' ? 'deactivated' : 'takendown',
        });
        // Nothing but the failed creation itself tells, and it may have left something behind.
        const rival = create({ ...person('bob'), handle: alice.handle });
        await expect(rival).rejects.toMatchObject({
          code: 'SERVER_ERROR',
          retryable: true,
          effect: 'unknown',
        });
        expect(await host.account(did)).toMatchObject({ did, handle: alice.handle, email: alice.email });
      });
    });

    describe('what handles are allowed', () => {
      test.each([
        ['a free one', 'alice-in-town', true],
        ['digits', '4343', true],
        ['two hyphens', 'a--b', true],
        ['a reserved word', 'admin', false],
        ['too short', 'ab', false],
        ['too long', 'a'.repeat(19), false],
      ])('%s', async (_reason, label, allowed) => {
        const { host } = open();
        expect(await host.allowsHandle(handleOf(label))).toBe(allowed);
        if (allowed) expect(await host.holderOf(handleOf(label))).toEqual({ type: 'nobody' });
      });

      test('a taken one is allowed, though not free', async () => {
        const alice = person('alice');
        await join(alice);
        expect(await open().host.allowsHandle(alice.handle)).toBe(true);
      });
    });

    describe('changing a handle', () => {
      test('frees the old one, and may be repeated', async () => {
        const { host } = open();
        const alice = person('alice');
        const did = await join(alice);
        const { handle } = person('alice');

        expect(await host.changeHandle(did, handle)).toBe('changed');
        expect(await host.changeHandle(did, handle)).toBe('changed');

        expect(await host.account(did)).toMatchObject({ did, handle });
        expect(await host.holderOf(handle)).toEqual({ type: 'account', did });
        expect(await host.holderOf(alice.handle)).toEqual({ type: 'nobody' });
      });

      test('is refused for one that somebody has, hidden or not, or that is too long', async () => {
        const { host, deactivate } = open();
        const [alice, bob] = [person('alice'), person('bob')];
        const did = await join(alice);
        const bobsDid = await join(bob);

        expect(await host.changeHandle(did, bob.handle)).toBe('taken');
        await deactivate(bobsDid);
        expect(await host.changeHandle(did, bob.handle)).toBe('taken');
        expect(await host.changeHandle(did, handleOf('a'.repeat(19)))).toBe('not-allowed');
        expect(await host.account(did)).toMatchObject({ handle: alice.handle });
      });

      test('fails for a DID that is not registered', async () => {
        const change = open().host.changeHandle(nobodysDid, person('alice').handle);
        await expect(change).rejects.toMatchObject({ code: 'BAD_REQUEST', retryable: false });
      });
    });

    describe('passwords', () => {
      test('a new one replaces the old one', async () => {
        const { host } = open();
        const alice = person('alice');
        const did = await join(alice);

        await host.setPassword(did, 'a-new-password');

        expect(await host.canLogIn(did, alice.password)).toBe(false);
        expect(await host.canLogIn(did, 'a-new-password')).toBe(true);
      });

      test('for nobody, setting one is refused, and nobody can log in', async () => {
        const { host } = open();
        expect(await host.setPassword(nobodysDid, 'a-new-password')).toBe('refused');
        expect(await host.canLogIn(nobodysDid, 'a-new-password')).toBe(false);
      });
    });

    describe('reading', () => {
      test('an unknown account is missing, alone and among others', async () => {
        const { host } = open();
        const did = await join(person('alice'));
        expect(await host.account(nobodysDid)).toBe('missing');
        const accounts = await host.accounts([nobodysDid, did]);
        expect([...accounts.keys()]).toEqual([did]);
        expect(await host.accounts([])).toEqual(new Map());
      });

      test('accounts together say less of their state', async () => {
        const { host, deactivate } = open();
        const [alice, bob] = [await join(person('alice')), await join(person('bob'))];
        await deactivate(bob);
        const accounts = await host.accounts([alice, bob]);
        expect(accounts.get(alice)).toMatchObject({ state: 'unknown' });
        expect(accounts.get(bob)).toMatchObject({ state: 'deactivated' });
      });

      test('the list of repositories has everybody once, hidden or not', async () => {
        const { host, takeDown } = open();
        const [alice, bob] = [await join(person('alice')), await join(person('bob'))];
        await takeDown(bob);
        const listed: Repository[] = [];
        for await (const page of host.repositories())
          listed.push(...page.filter((one) => one !== 'unreadable'));
        expect(listed.filter(({ did }) => did === alice)).toMatchObject([{ state: 'active' }]);
        expect(listed.filter(({ did }) => did === bob)).toMatchObject([{ state: 'takendown' }]);
      });

      test('handle domains start with a dot', async () => {
        expect(await open().host.handleDomains()).toContain(open().domain);
      });
    });

    test('errors name the call, and no one', async () => {
      const alice = person('alice');
      const error = await open()
        .host.createAccount({ ...alice, inviteCode: 'no-such-code' })
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(UpstreamError);
      expect(String(error)).not.toMatch(/alice|example|no-such-code/);
    });
  });
}

function didOf(text: string): Did {
  const did = parseDid(text);
  if (did === undefined) throw new Error(`${text} is no DID.`);
  return did;
}
