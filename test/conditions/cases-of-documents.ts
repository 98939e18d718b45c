/** The documents in MongoDB: what needs action, and what its commands make of it. */
import { randomInt } from 'node:crypto';
import type { ReasonOf } from '../../src/reconcilers/needs-action.ts';
import { chooseHandle, join, storedMember } from '../support/member.ts';
import { type Case, reconcile, remove, type Stage, whole, write } from './stage.ts';

/** A code that no other test has. */
function someCode(): string {
  return `ac${randomInt(10, 99)}${Array.from({ length: 5 }, () => 'bcdfghjkmnp'.charAt(randomInt(11))).join('')}`;
}

async function removed(stage: Stage, collection: string) {
  const alice = await whole(stage);
  await remove(stage, alice, collection);
  await reconcile(stage, alice);
  return alice;
}

export const ofVerification: { readonly [R in ReasonOf<'verification'>]: readonly Case[] } = {
  DocumentRemoved: [{ bring: (stage) => removed(stage, 'verifications'), ends: 'True Recorded' }],
};

async function differing(stage: Stage) {
  const alice = await whole(stage);
  await write(stage, alice, { $set: { code: someCode() } });
  await reconcile(stage, alice);
  return alice;
}

export const ofUserDocument: { readonly [R in ReasonOf<'user-document'>]: readonly Case[] } = {
  DocumentRemoved: [
    {
      bring: (stage) => removed(stage, 'users'),
      // The password went with the document, and that needs action by itself.
      exits: { 'concord restore': 4 },
      ends: 'True HasCode',
    },
  ],
  CodeUnreadable: [
    {
      name: 'of a known code',
      bring: async (stage) => {
        const alice = await whole(stage);
        await write(stage, alice, { $set: { code: ['no text'] } });
        await reconcile(stage, alice);
        return alice;
      },
      ends: 'True HasCode',
    },
    {
      name: 'of a user whose code is not known',
      bring: async (stage) => {
        const alice = join(stage.world, 'alice');
        await write(stage, alice, { $set: { code: ['no text'] } });
        await reconcile(stage, alice);
        return alice;
      },
      ends: 'True HasCode',
    },
  ],
  CodeHeldByUser: [
    {
      bring: async (stage) => {
        const [alice, bob] = [await whole(stage), await whole(stage, 'bob')];
        const code = (await storedMember(stage.world, alice))?.code;
        await write(stage, alice, { $unset: { code: 1 } });
        await write(stage, bob, { $set: { code } });
        await reconcile(stage, alice);
        return alice;
      },
      fill: () => ({ '<code>': someCode() }),
      ends: 'True HasCode',
    },
  ],
  CodeDiffers: [
    {
      name: "the document's code is kept",
      bring: differing,
      choose: ([accept = '']) => [accept],
      ends: 'True HasCode',
    },
    {
      name: 'the permanent code is set back',
      bring: differing,
      choose: ([, ...others]) => others,
      ends: 'True HasCode',
    },
  ],
};

/** Something else of the user was removed, and a new handle has to wait for the decision about it. */
export const whileWaiting: Case = {
  bring: async (stage) => {
    const alice = await removed(stage, 'verifications');
    await chooseHandle(stage.world, alice, alice.label);
    await reconcile(stage, alice);
    return alice;
  },
  ends: 'True PlatformHandle',
};
