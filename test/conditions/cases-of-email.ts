/** The address and the handle of an account that exists: what needs action, and what its commands make of it. */
import type { ReasonOf } from '../../src/reconcilers/needs-action.ts';
import { jumpingClock } from '../faults/support/world.ts';
import { chooseHandle, join, type Member, reconcileUser, storedMember } from '../support/member.ts';
import {
  type Case,
  changeAddress,
  correctFields,
  deleteInAuth0,
  newAddress,
  onPds,
  reconcile,
  remove,
  type Stage,
  unowned,
  whole,
  withOddField,
} from './stage.ts';

/** An address that the PDS refuses: its domain is known for addresses that are thrown away. */
export const refusedAddress = (): string => newAddress('mailinator.com');

async function deletedUser(stage: Stage): Promise<Member> {
  const bob = await whole(stage, 'bob');
  await chooseHandle(stage.world, bob, bob.label);
  await reconcile(stage, bob);
  await deleteInAuth0(stage, bob);
  await reconcile(stage, bob);
  return bob;
}

export const ofEmail: { readonly [R in ReasonOf<'email'>]: readonly Case[] } = {
  EmailHeldByDeletedUser: [
    {
      bring: async (stage) => {
        const [alice, bob] = [await whole(stage), await deletedUser(stage)];
        await changeAddress(stage, alice, bob.email);
        await reconcile(stage, alice);
        return alice;
      },
      ends: 'True EmailSet',
    },
  ],
  EmailHeldByUser: [
    {
      bring: async (stage) => {
        const [alice, bob] = [await whole(stage), await whole(stage, 'bob')];
        await changeAddress(stage, alice, bob.email);
        await reconcile(stage, alice);
        return alice;
      },
      meanwhile: changeAddress,
      ends: 'True EmailSet',
    },
  ],
  EmailTaken: [
    {
      bring: async (stage) => {
        const [alice, other] = [await whole(stage), await unowned(stage)];
        await changeAddress(stage, alice, other.email);
        await reconcile(stage, alice);
        return alice;
      },
      meanwhile: async (stage, alice) => {
        const { email } = stage.world.auth0.user(alice.userId) ?? {};
        for await (const page of stage.engine.accounts.repositories()) {
          const dids = page.flatMap((one) => (one === 'unreadable' ? [] : one.did));
          const found = await stage.engine.accounts.accounts(dids);
          for (const account of found.values())
            if (account !== 'unreadable' && account.email === email)
              await onPds(stage, 'updateAccountEmail', { account: account.did, email: newAddress() });
        }
      },
      ends: 'True EmailSet',
    },
  ],
  EmailNotAllowed: [
    {
      bring: async (stage) => {
        // Refused when the account was to be created, and the user comes back to it.
        const refused = refusedAddress();
        const alice = join(stage.world, 'alice', { email: refused });
        await reconcile(stage, alice);
        for (const email of [newAddress(), refused]) {
          await changeAddress(stage, alice, email);
          await reconcile(stage, alice);
        }
        return alice;
      },
      meanwhile: changeAddress,
      ends: 'True EmailSet',
    },
  ],
  FieldUnusable: [
    {
      bring: async (stage) => {
        const alice = await whole(stage);
        return withOddField(stage, alice, { email_verified: 'Ann Example' });
      },
      meanwhile: correctFields,
      ends: 'True EmailSet',
    },
    {
      name: 'the address itself',
      bring: async (stage) => withOddField(stage, await whole(stage), { email: ['alice@example.com'] }),
      meanwhile: correctFields,
      ends: 'True EmailSet',
    },
  ],
  EmailParked: [{ bring: parkedForGood, meanwhile: changeAddress, ends: 'True EmailSet' }],
};

/** alice and bob exchange addresses: he parks, she has his by now, and carol gets the one that he was to have. */
async function parkedForGood(stage: Stage): Promise<Member> {
  const [alice, bob, carol] = [await whole(stage), await whole(stage, 'bob'), await whole(stage, 'carol')];
  await changeAddress(stage, alice, bob.email);
  await changeAddress(stage, bob, alice.email);
  for (const member of [alice, bob, alice]) await reconcile(stage, member);
  await changeAddress(stage, carol, alice.email);
  await reconcile(stage, carol);
  const clock = jumpingClock();
  await clock.delay(660_000);
  await reconcileUser({ ...stage.engine.reconcile, clock }, bob);
  return bob;
}

export const ofHandle: { readonly [R in ReasonOf<'handle'>]: readonly Case[] } = {
  HandleHeldByDeletedUser: [
    {
      bring: async (stage) => {
        const [alice, bob] = [await whole(stage), await deletedUser(stage)];
        await remove(stage, bob, '@handles');
        await chooseHandle(stage.world, alice, bob.label);
        await reconcile(stage, alice);
        return alice;
      },
      ends: 'True PlatformHandle',
    },
  ],
  CodeHandleRefused: [
    {
      bring: async (stage) => {
        const alice = await whole(stage);
        await chooseHandle(stage.world, alice, alice.label);
        await reconcile(stage, alice);
        await unowned(stage, { handle: await codeHandleOf(stage, alice) });
        await remove(stage, alice, '@handles');
        await reconcile(stage, alice);
        return alice;
      },
      meanwhile: freeCodeHandle,
      ends: 'True NoPlatformHandle',
    },
  ],
};

async function codeHandleOf({ world }: Stage, member: Member): Promise<string> {
  return `${(await storedMember(world, member))?.code}.at.test`;
}

/** The account that carries the code of this user gets another handle. */
export async function freeCodeHandle(stage: Stage, member: Member): Promise<void> {
  const { accounts } = stage.engine;
  const handle = await codeHandleOf(stage, member);
  const holder = await accounts.holderOf(handle as Parameters<typeof accounts.holderOf>[0]);
  if (holder.type !== 'account') throw new Error(`${handle} is carried by no account`);
  const other = `x${newAddress().slice(4, 14)}.at.test`;
  await onPds(stage, 'updateAccountHandle', { did: holder.did, handle: other });
}
