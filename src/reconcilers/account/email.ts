/**
 * The address of the account follows the address in Auth0.
 *
 * | account                                  | the wanted address                | action | reason            |
 * |------------------------------------------|-----------------------------------|--------|-------------------|
 * | none                                     |                                   | –      | NoAccount         |
 * | one that is left as it is                |                                   | –      | NotManaged        |
 * | any                                      | there is none in Auth0            | –      | NoEmail           |
 * | any                                      | not verified, or not any more     | –      | WaitingForEmailVerification |
 * | any                                      | Auth0's field cannot be used      | held   | FieldUnusable     |
 * | has it, or the one tagged for the tenant |                                   | –      | EmailSet          |
 * | has another                              | free as far as is known           | change | EmailDiffers      |
 * | has another                              | not free                          | –      | see address.ts    |
 * | has another                              | that of a user in a ring of users | park   | ExchangingAddresses |
 * |                                          |   who wait for each other         |        |                   |
 * | is parked                                | not free yet                      | wait   | EmailParked       |
 * | is parked, for ten minutes               | not free, but the former one is   | change | EmailParked       |
 * | is parked, for ten minutes               | not free, and no former one       | held   | EmailParked       |
 * | one that is left as it is, and parked    |   the same; a deleted user's stays parked  | as above          |
 * | any, and parked                          |   the same where the address is not followed | as above        |
 */
import { UpstreamError } from '../../errors.ts';
import type { ConditionDraft } from '../../events/condition.ts';
import type { Did } from '../../identity.ts';
import type { AccountHost, PdsAccount } from '../../ports/accounts.ts';
import { parkedAddress } from '../derived-names.ts';
import {
  type Applied,
  type ApplyContext,
  inSync,
  needsAction,
  type Plan,
  pending,
  type Reserved,
} from '../reconciler.ts';
import { emailValue, whileReserved } from '../reservation.ts';
import {
  type AddressHolders,
  chooseAddress,
  type DesiredEmail,
  type WithheldAddress,
  withheldCondition,
} from './address.ts';
import { isOnParkedAddress, isParked } from './address-chain.ts';
import { type ManagedAccount, notManaged } from './managed-account.ts';

export type EmailAction =
  | {
      readonly resource: 'email';
      readonly type: 'change-email';
      readonly did: Did;
      readonly to: string;
    }
  | {
      readonly resource: 'email';
      readonly type: 'park-email';
      readonly did: Did;
      readonly from: string;
      readonly to: string;
    };

const type = 'email';

/** Milliseconds for which an account may stay parked before it gets its former address back. */
export const PARKED_FOR_MS = 600_000;

export function plan(
  wanted: DesiredEmail,
  actual: {
    readonly managed: ManagedAccount;
    readonly holders: AddressHolders;
    /** The user is one of a ring of users who wait for each other's addresses. */
    readonly isInRing: boolean;
  },
  now: Date,
): Plan<EmailAction> {
  const { account } = actual.managed;
  if (account === undefined) return planLeft(wanted, actual.managed, actual.holders, now);
  if (wanted.withheld !== undefined)
    return planWithheld(account, wanted, wanted.withheld, actual.holders, now);
  const current = account.email?.toLowerCase();
  if (current !== undefined && wanted.addresses.includes(current)) {
    return {
      actions: [],
      condition: inSync({ type, reason: 'EmailSet', message: 'The account has the address.' }),
    };
  }
  const choice = chooseAddress(type, wanted, actual.holders, now);
  if (choice.type === 'free') {
    const message = 'The address in Auth0 has changed, and the account has another.';
    return change(account.did, choice.address, pending({ type, reason: 'EmailDiffers', message }));
  }
  const { parked, parkingEndedAt } = wanted;
  if (isParked(account, parked)) return planParked(parked, choice.condition, actual.holders, now);
  const isPatient = parkingEndedAt !== undefined && isWithin(wanted.refusalRetryMs, parkingEndedAt, now);
  if (actual.isInRing && current !== undefined && !isPatient)
    return park(account.did, current, choice.condition);
  const { condition, retryAt } = choice;
  return { actions: [], condition, ...(retryAt === undefined ? {} : { retryAt }) };
}

/** Without an address in Auth0 that counts, the account keeps its own. */
function planWithheld(
  account: PdsAccount,
  { parked }: DesiredEmail,
  withheld: WithheldAddress,
  holders: AddressHolders,
  now: Date,
): Plan<EmailAction> {
  const condition = withheldCondition(
    type,
    withheld,
    'The address of the account is left as it is, and does not follow.',
  );
  if (!isParked(account, parked)) return { actions: [], condition };
  const message = `${withheld.why} See what happened with: concord explain <user>`;
  return planParked(parked, { message }, holders, now);
}

function isWithin(ms: number, since: Date, now: Date): boolean {
  return now.getTime() - since.getTime() < ms;
}

function change(did: Did, to: string, condition: ConditionDraft): Plan<EmailAction> {
  return { actions: [{ resource: type, type: 'change-email', did, to }], condition };
}

function park(did: Did, from: string, { waitsFor }: ConditionDraft): Plan<EmailAction> {
  const message = `The users wait for each other's addresses. The account ${did} gives up its address for the time being, so that the others can go on.`;
  const condition = pending({ type, reason: 'ExchangingAddresses', message });
  return {
    actions: [{ resource: type, type: 'park-email', did, from, to: parkedAddress(did) }],
    condition: waitsFor === undefined ? condition : { ...condition, waitsFor },
  };
}

/** An account that follows no address gets its former one back as well, unless its user is deleted or it moved. */
function planLeft(
  { parked }: DesiredEmail,
  managed: ManagedAccount,
  holders: AddressHolders,
  now: Date,
): Plan<EmailAction> {
  const { left, leftBecause, isDeleted } = managed;
  const unmanaged = notManaged(type, managed);
  if (left === undefined) return unmanaged;
  // A deleted user may also have given its address up for good, in a transfer.
  if (isDeleted === true ? !isOnParkedAddress(left) : !isParked(left, parked)) return unmanaged;
  if (parked !== undefined && isDeleted !== true) {
    const message = `${leftBecause} See what happened with: concord explain <user>`;
    return planParked(parked, { message }, holders, now);
  }
  const { condition } = unmanaged;
  const message = `${condition.message} It is parked on an address that receives no mail.`;
  return { actions: [], condition: { ...condition, message } };
}

/** No account stays parked: after a while it gets its former address back, where that is still free. */
function planParked(
  { did, from, at }: NonNullable<DesiredEmail['parked']>,
  waiting: Pick<ConditionDraft, 'message' | 'waitsFor'>,
  holders: AddressHolders,
  now: Date,
): Plan<EmailAction> {
  const reason = 'EmailParked';
  const about = waiting.waitsFor === undefined ? {} : { waitsFor: waiting.waitsFor };
  const said = `The account is parked on an address that receives no mail, while users exchange addresses. ${waiting.message}`;
  if (isWithin(PARKED_FOR_MS, at, now)) {
    const retryAt = new Date(at.getTime() + PARKED_FOR_MS);
    return { actions: [], condition: { ...pending({ type, reason, message: said }), ...about }, retryAt };
  }
  if (!holders.has(from)) {
    const message = 'The exchange of addresses failed; the account gets its former address back.';
    return change(did, from, pending({ type, reason, message }));
  }
  return { actions: [], condition: { ...needsAction({ type, reason, message: said }), ...about } };
}

export async function apply(
  accounts: AccountHost,
  action: EmailAction,
  context: ApplyContext,
): Promise<Applied> {
  const { did, to } = action;
  return whileReserved(context, emailValue(to), async (reserved) => {
    if (action.type === 'park-email') return applyParking(accounts, action, reserved, context);
    await context.ensureLease();
    reserved.ensure();
    const outcome = await accounts.changeEmail(did, to);
    if (outcome === 'missing') return 'unchanged';
    if (outcome === 'changed') {
      await context.append({ type: 'email.changed', data: { did, to } });
      return 'applied';
    }
    await context.append({ type: 'email.refused', data: { email: to, reason: 'taken' } });
    return 'refused';
  });
}

/** The former address is in the log before the account gives it up. */
async function applyParking(
  accounts: AccountHost,
  { did, from, to }: Extract<EmailAction, { type: 'park-email' }>,
  reserved: Reserved,
  context: ApplyContext,
): Promise<'applied' | 'unchanged'> {
  await context.ensureLease();
  await context.append({ type: 'email.parking-intended', data: { did, from, to } });
  await context.ensureLease();
  reserved.ensure();
  const outcome = await accounts.changeEmail(did, to);
  if (outcome === 'missing') return 'unchanged';
  if (outcome === 'changed') {
    await context.append({ type: 'email.parked', data: { did, from, to } });
    return 'applied';
  }
  throw new UpstreamError('the PDS refused an address that names the account', {
    upstream: 'pds',
    code: 'PARKING_REFUSED',
    retryable: true,
  });
}
