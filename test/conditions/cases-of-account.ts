/** The account: what needs action, and what its commands make of it. */
import { randomInt } from 'node:crypto';
import { expect } from 'vitest';
import { decide } from '../../src/engine/intake/decision.ts';
import { UpstreamError } from '../../src/errors.ts';
import type { Did } from '../../src/identity.ts';
import type { AccountHost } from '../../src/ports/accounts.ts';
import type { ReasonOf } from '../../src/reconcilers/needs-action.ts';
import { chooseHandle, join, type Member, reconcileUser, storedMember } from '../support/member.ts';
import { freeCodeHandle, refusedAddress } from './cases-of-email.ts';
import {
  type Case,
  changeAddress,
  correctFields,
  deleteInAuth0,
  didOf,
  newAddress,
  onPds,
  reconcile,
  reconcileUntil,
  type Stage,
  subjectOf,
  sweepOnce,
  unowned,
  whole,
  withOddField,
  write,
} from './stage.ts';

const ACTIVE = 'True AccountActive';

/** A user with an account, to which somebody does something on the PDS or in the users document. */
async function after(stage: Stage, happens: (did: Did, alice: Member) => Promise<unknown>): Promise<Member> {
  const alice = await whole(stage);
  await happens(await didOf(stage, alice), alice);
  await reconcile(stage, alice);
  return alice;
}

const unsetRecord = { $unset: { atproto: 1 } };

export const ofAccount: { readonly [R in ReasonOf<'account'>]: readonly Case[] } = {
  DocumentRemoved: [
    {
      bring: (stage) => after(stage, (_did, alice) => write(stage, alice, unsetRecord)),
      exits: { 'concord restore': 4 },
      ends: 'False CredentialsIncomplete',
    },
  ],
  AccountMissing: [
    { bring: (stage) => after(stage, (did) => onPds(stage, 'deleteAccount', { did })), ends: ACTIVE },
  ],
  FieldUnusable: [
    {
      bring: async (stage) =>
        withOddField(stage, join(stage.world, 'alice'), { email_verified: 'Ann Example' }),
      meanwhile: correctFields,
      ends: ACTIVE,
    },
    {
      name: 'the address itself',
      bring: async (stage) => withOddField(stage, join(stage.world, 'alice'), { email: 7 }),
      meanwhile: correctFields,
      ends: ACTIVE,
    },
  ],
  AccountUnreadable: [
    {
      name: 'where the log names the account',
      bring: (stage) =>
        after(stage, (_did, alice) => write(stage, alice, { $set: { 'atproto.did': 'did:plc:short' } })),
      ends: ACTIVE,
    },
    {
      name: 'where nothing names it',
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        await write(stage, alice, { $set: { atproto: { did: 'did:plc:short' } } });
        await reconcile(stage, alice);
        return alice;
      },
      ends: ACTIVE,
    },
  ],
  AccountNotImported: [
    {
      name: 'where the old fields name an account',
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        const { did, handle, password } = await unowned(stage, { email: alice.email });
        const old = { atproto_did: did, atproto_handle: handle, atproto_password: password };
        await write(stage, alice, { $set: old });
        await reconcile(stage, alice);
        return alice;
      },
      ends: ACTIVE,
    },
    {
      name: 'where they name none that can be read',
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        await write(stage, alice, { $set: { atproto_did: 'did:plc:short' } });
        await reconcile(stage, alice);
        return alice;
      },
      choose: ([, , ...others]) => others,
      ends: ACTIVE,
    },
  ],
  AccountsDiffer: [
    {
      name: "the document's account is kept",
      bring: differing,
      choose: ([adopt = '']) => [adopt],
      // The stored password is that of the other account.
      ends: 'False PasswordRefused',
    },
    {
      name: "the log's account is kept",
      bring: differing,
      choose: ([, ...others]) => others,
      exits: { 'concord reconcile': 4 },
      ends: 'False CredentialsIncomplete',
    },
  ],
  AccountWithoutRepository: [
    {
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        stage.pds.failNextEvent();
        await reconcileUntil(stage, alice, 'account', 'AccountWithoutRepository');
        return alice;
      },
      ends: ACTIVE,
    },
  ],
  AccountDeactivated: [
    {
      bring: (stage) =>
        after(stage, (did) => {
          const deactivated = { applied: true };
          return onPds(stage, 'updateSubjectStatus', { subject: subjectOf(did), deactivated });
        }),
      ends: ACTIVE,
    },
  ],
  AccountTakenDown: [
    {
      bring: (stage) =>
        after(stage, (did) => {
          const takedown = { applied: true, ref: 'case 12' };
          return onPds(stage, 'updateSubjectStatus', { subject: subjectOf(did), takedown });
        }),
      ends: ACTIVE,
    },
  ],
  AccountEmailDiffers: [
    {
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        const { did, handle, password } = await unowned(stage);
        await write(stage, alice, { $set: { atproto: { did, handle, password, ...OF_THE_PLATFORM } } });
        await reconcile(stage, alice);
        return alice;
      },
      ends: ACTIVE,
      check: async ({ world, engine }, alice) => {
        const { atproto } = (await storedMember(world, alice)) ?? {};
        expect(atproto).toMatchObject(OF_THE_PLATFORM);
        expect(await engine.accounts.canLogIn(atproto?.did as Did, atproto?.password ?? '')).toBe(true);
      },
    },
  ],
  AdoptionImpossible: [
    {
      bring: async (stage) => {
        const { alice, did } = await unownedFound(stage);
        const trigger = { user: alice.user, userId: alice.userId, tenant: alice.tenant };
        await decide(stage.engine, trigger, 'adoption.granted', { did, by: 'bob', evidence: [] });
        await onPds(stage, 'deleteAccount', { did });
        await reconcile(stage, alice);
        return alice;
      },
      ends: ACTIVE,
    },
  ],
  CredentialsIncomplete: [
    {
      bring: (stage) =>
        after(stage, (_did, alice) => write(stage, alice, { $unset: { 'atproto.password': 1 } })),
      ends: ACTIVE,
    },
  ],
  PasswordRefused: [
    {
      bring: (stage) =>
        after(stage, async (did, alice) => {
          await stage.engine.accounts.setPassword(did, 'changed by its owner');
          expect(await stage.run(`concord password '${alice.user}'`)).toMatchObject({ code: 2 });
        }),
      ends: ACTIVE,
    },
  ],
  UnownedAccountFound: [{ bring: async (stage) => (await unownedFound(stage)).alice, ends: ACTIVE }],
  EmailHeldByDeletedUser: [
    {
      bring: async (stage) => {
        const bob = await whole(stage, 'bob');
        await deleteInAuth0(stage, bob);
        await reconcile(stage, bob);
        return newcomer(stage, bob.email);
      },
      ends: ACTIVE,
    },
  ],
  EmailHeldByUser: [
    {
      name: 'the user gets another address in Auth0',
      bring: async (stage) => newcomer(stage, (await whole(stage, 'bob')).email),
      meanwhile: changeAddress,
      ends: ACTIVE,
    },
    {
      name: 'the two are linked in Auth0',
      bring: async (stage) => newcomer(stage, (await whole(stage, 'bob')).email),
      meanwhile: async ({ world }, alice) => {
        const primary = world.auth0
          .users()
          .find(({ user_id, email }) => email === alice.email && user_id !== alice.userId);
        await world.auth0.linkUsers(primary?.user_id ?? '', alice.userId);
      },
      ends: 'True UserGoneOnce',
    },
  ],
  EmailTaken: [
    {
      name: "the other account is this user's",
      bring: async (stage) => newcomer(stage, (await unowned(stage)).email),
      choose: ([find = '', adopt = '']) => [find, adopt],
      fill: (_stage, alice, stdout) => ({ '<did>': didBeside(alice.user, stdout) }),
      ends: ACTIVE,
    },
    {
      name: 'the other account gets another address',
      bring: async (stage) => newcomer(stage, (await unowned(stage)).email),
      choose: (commands) => commands.slice(-1),
      meanwhile: async (stage, alice) => {
        const { stdout } = await stage.run('concord audit --orphans');
        const account = didBeside(alice.user, stdout);
        await onPds(stage, 'updateAccountEmail', { account, email: newAddress() });
      },
      ends: ACTIVE,
    },
  ],
  EmailNotAllowed: [
    { bring: (stage) => newcomer(stage, refusedAddress()), meanwhile: changeAddress, ends: ACTIVE },
  ],
  CodeHandleRefused: [
    {
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        const code = `ac${randomInt(10, 99)}x${randomInt(1_000, 9_999)}`;
        await write(stage, alice, { $set: { code } });
        await unowned(stage, { handle: `${code}.at.test` });
        await reconcile(stage, alice);
        return alice;
      },
      meanwhile: freeCodeHandle,
      ends: ACTIVE,
    },
  ],
  CreationKeepsFailing: [
    {
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        stage.pds.setDirectory('read-only');
        await reconcileUntil(stage, alice, 'account', 'CreationKeepsFailing');
        return alice;
      },
      // Whether the audit finds anything depends on what else is on the PDS.
      choose: (commands) => commands.slice(-1),
      meanwhile: async ({ pds }) => pds.setDirectory('up'),
      ends: ACTIVE,
    },
  ],
  IntendedAccountHidden: [
    {
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        const did = await createdUnanswered(stage, alice);
        // An account that is deactivated after it was listed: no listing since the intent shows it as inactive.
        await sweepOnce(stage);
        const deactivated = { applied: true };
        await onPds(stage, 'updateSubjectStatus', { subject: subjectOf(did), deactivated });
        await reconcile(stage, alice);
        return alice;
      },
      fill: (_stage, alice, stdout) => ({ '<did>': didBeside(alice.user, stdout) }),
      ends: ACTIVE,
    },
  ],
};

/** What adopting does not change. */
const OF_THE_PLATFORM = { createdAt: '2019-01-02T03:04:05.000Z', note: 'of the platform' };

async function differing(stage: Stage): Promise<Member> {
  const other = await unowned(stage);
  return after(stage, (_did, alice) => write(stage, alice, { $set: { 'atproto.did': other.did } }));
}

/** A user who has no account yet. */
async function newcomer(stage: Stage, email: string): Promise<Member> {
  const alice = join(stage.world, 'alice', { email });
  await reconcile(stage, alice);
  return alice;
}

async function unownedFound(stage: Stage) {
  const { did, email, handle } = await unowned(stage);
  const alice = join(stage.world, 'alice', { email });
  await chooseHandle(stage.world, alice, handle.split('.', 1)[0] ?? '');
  await reconcile(stage, alice);
  return { alice, did };
}

/** The account whose evidence names this user, in what `audit --orphans` prints. */
function didBeside(user: string, stdout: string): Did {
  const line = stdout.split('\n').find((one) => one.includes(user) && one.includes('did:plc:'));
  const [did] = /did:plc:[a-z2-7]{24}/.exec(line ?? '') ?? [];
  if (did === undefined) throw new Error(`No account beside ${user} in:\n${stdout}`);
  return did as Did;
}

/** The PDS makes the account, and the answer is lost. */
async function createdUnanswered({ engine }: Stage, alice: Member): Promise<Did> {
  const made: Did[] = [];
  const createAccount: AccountHost['createAccount'] = async (wanted) => {
    const result = await engine.accounts.createAccount(wanted);
    if (result.type === 'created') made.push(result.did);
    const lost = { upstream: 'pds', code: 'TIMEOUT', retryable: true, effect: 'unknown' } as const;
    throw new UpstreamError('no answer', lost);
  };
  const accounts = { ...engine.accounts, createAccount };
  await reconcileUser({ ...engine.reconcile, accounts }, alice);
  const [did] = made;
  if (did === undefined) throw new Error('No account was made.');
  return did;
}
