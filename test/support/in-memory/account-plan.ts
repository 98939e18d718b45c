/** What the plan of an account is made from, with all that a row of its table leaves unsaid. */
import { expect } from 'vitest';
import { UNSEEN } from '../../../src/engine/reconcile/subject-view.ts';
import type { OpenIntent, Refusal } from '../../../src/events/facts.ts';
import { fold } from '../../../src/events/fold.ts';
import { eventId } from '../../../src/identity.ts';
import type { PdsAccount } from '../../../src/ports/accounts.ts';
import type { Claimant } from '../../../src/ports/subjects.ts';
import { plan } from '../../../src/reconcilers/account/account.ts';
import type {
  ActualAccount,
  DesiredAccount,
  WantedAccount,
} from '../../../src/reconcilers/account/account-state.ts';
import type { AddressHolders, HoldingUser } from '../../../src/reconcilers/account/address.ts';
import * as handles from '../../../src/reconcilers/account/handle.ts';
import { aliceDid, at, bob, bobDid, code, handle } from '../../mongo/subjects/people.ts';
import { aliceEvent } from './alice-events.ts';

export const DAY = 86_400_000;
export const SETTLE = 45_000;
export const now = at(1_000_000);
export const mine = 'alice@example.com';
export const tagged = 'alice+second@example.com';
export const codeHandle = handle('ac26nobeb');

interface Wishes extends Partial<Omit<WantedAccount, 'email' | 'handle'>> {
  /** The platform handle; null for none. */
  readonly name?: string | null;
  readonly refused?: WantedAccount['handle']['refused'];
  readonly emails?: readonly string[];
  readonly refusedEmails?: WantedAccount['email']['refused'];
}

export function wants(wishes: Wishes = {}): WantedAccount {
  const { name = 'alice', refused = new Map(), emails = [mine], refusedEmails = new Map(), ...rest } = wishes;
  const chosen = handles.desired(
    fold([aliceEvent('handle.observed', 1, { handle: name })]),
    '.at.test',
    DAY,
    'none',
  );
  return {
    type: 'account',
    email: { addresses: emails, refused: refusedEmails, refusalRetryMs: DAY },
    handle: { ...chosen, refused },
    intent: undefined,
    givenUp: [],
    loggedDid: undefined,
    sights: { record: undefined, account: undefined },
    recordRemoved: false,
    lostDid: undefined,
    parked: undefined,
    transferred: undefined,
    failedCreations: 0,
    creationFailedAt: undefined,
    creationFailure: undefined,
    listedAt: undefined,
    adoption: undefined,
    deactivatedByUs: false,
    settleMs: SETTLE,
    passwordRefused: false,
    passwordResetGranted: false,
    recreate: false,
    interrupted: new Set(),
    remnantSince: undefined,
    saidMigrated: undefined,
    ...rest,
  };
}

export const nothing: ActualAccount = {
  recorded: undefined,
  linked: undefined,
  linkedDid: undefined,
  location: undefined,
  intended: undefined,
  late: undefined,
  preferred: { type: 'nobody' },
  adoptable: undefined,
  emailHolders: new Map(),
  isInRing: false,
  codeHolder: undefined,
  listing: undefined,
  successors: [],
  code: code('ac26nobeb'),
};

export function account(changes: Partial<PdsAccount> = {}): PdsAccount {
  return {
    did: aliceDid,
    handle: handle('alice'),
    email: mine,
    inviteHash: 'hash',
    state: 'active',
    ...changes,
  };
}

/** The document names alice's account, and the PDS answers with this. */
export function linked(to: PdsAccount | 'missing', hasPassword = true): ActualAccount {
  const recorded = { did: aliceDid, handle: handle('alice'), hasPassword };
  return { ...nothing, recorded, linkedDid: aliceDid, linked: to };
}

function intent(agoMs: number): OpenIntent {
  const since = new Date(now.getTime() - agoMs);
  return { event: eventId('e-1'), at: since, handle: handle('alice'), email: mine, inviteHash: 'hash' };
}

export const young = intent(SETTLE - 1);
export const old = intent(SETTLE);
export const held = (by: PdsAccount): ActualAccount => ({
  ...nothing,
  intended: { type: 'account', account: by },
});
export const stranger = account({ did: bobDid, email: 'bob@example.com', inviteHash: 'another' });
export const refusals = (...emails: [string, Refusal['reason'], number][]): ReadonlyMap<string, Refusal> =>
  new Map(emails.map(([email, reason, agoMs]) => [email, { reason, at: new Date(now.getTime() - agoMs) }]));
const bobSeen: Claimant = { ...UNSEEN, user: bob.user, tenant: bob.tenant, did: bobDid };
export const bobHolds: HoldingUser = {
  ...{ type: 'user', user: bob.user, did: bobDid, seen: bobSeen },
  ...{ isSameTenant: true, isDeleted: false, isLeaving: false },
};
export const holders = (...emails: string[]): AddressHolders =>
  new Map(emails.map((email) => [email, bobHolds]));

export interface Row {
  readonly reason: string;
  readonly wanted?: DesiredAccount;
  readonly actual?: ActualAccount;
  /** The action as `type` and what is telling about it. */
  readonly does?: Record<string, unknown>;
  readonly says: string;
  readonly held?: boolean;
  readonly retryAt?: Date;
}

export function check({
  wanted = wants(),
  actual = nothing,
  does,
  says,
  held: isHeld = false,
  retryAt,
}: Row): void {
  const found = plan(wanted, actual, now);
  expect(found.actions).toMatchObject(does === undefined ? [] : [does]);
  expect(`${found.condition.status} ${found.condition.reason}`).toBe(says);
  expect(found.condition.held).toBe(isHeld);
  expect(found.retryAt).toEqual(retryAt);
  // Conditions are kept for ever and shown to many, so they name no address.
  expect(found.condition.message).not.toContain('@example.com');
}
