/**
 * The address of the account follows the address in Auth0.
 *
 * | account                                  | the wanted address                | action | reason          |
 * |------------------------------------------|-----------------------------------|--------|-----------------|
 * | none                                     |                                   | –      | NoAccount       |
 * | one that is left as it is                |                                   | –      | NotManaged      |
 * | has it, or the one tagged for the tenant |                                   | –      | EmailSet        |
 * | has another                              | held by another user of ours      | held   | EmailHeldByUser |
 * | has another                              | refused by the PDS, not long ago  | held   | EmailTaken      |
 * | has another                              | free as far as can be told        | change | EmailDiffers    |
 */
import type { Facts } from '../events/fold.ts';
import type { Did, UserKey } from '../identity.ts';
import type { AccountHost } from '../ports.ts';
import { type ManagedAccount, notManaged } from './managed-account.ts';
import { type ApplyContext, asDesired, heldForPerson, type Plan, toBeMended } from './reconciler.ts';

export interface DesiredEmail {
  /** In the order of preference; empty only when no account is wanted. */
  readonly addresses: readonly string[];
  readonly refused: Facts['refusedEmails'];
  readonly refusalRetryMs: number;
}

export interface EmailAction {
  readonly resource: 'email';
  readonly type: 'change-email';
  readonly did: Did;
  readonly to: string;
}

const type = 'email';

export function plan(
  wanted: DesiredEmail,
  actual: ManagedAccount & {
    /** Other users of ours with an account under one of the wanted addresses. */
    readonly holders: ReadonlyMap<string, UserKey>;
  },
  now: Date,
): Plan<EmailAction> {
  const { account } = actual;
  if (account === undefined) return notManaged(type, actual);
  const current = account.email?.toLowerCase();
  if (current !== undefined && wanted.addresses.includes(current)) {
    return {
      actions: [],
      condition: asDesired({ type, reason: 'EmailSet', message: 'The account has the address.' }),
    };
  }
  const to = freeAddress(wanted, actual.holders, now);
  if (to !== undefined) {
    const message = 'The address in Auth0 has changed, and the account has another.';
    return {
      actions: [{ resource: type, type: 'change-email', did: account.did, to }],
      condition: toBeMended({ type, reason: 'EmailDiffers', message }),
    };
  }
  const [other] = actual.holders.values();
  if (other !== undefined) {
    const message = `The user ${other} has an account under the new address; this account keeps its old one.`;
    return { actions: [], condition: heldForPerson({ type, reason: 'EmailHeldByUser', message }) };
  }
  const message = 'The PDS refused the new address; another account has it. This account keeps its old one.';
  return { actions: [], condition: heldForPerson({ type, reason: 'EmailTaken', message }) };
}

/** The first address that nobody of ours holds and that the PDS has not refused of late. */
export function freeAddress(
  { addresses, refused, refusalRetryMs }: DesiredEmail,
  holders: ReadonlyMap<string, UserKey>,
  now: Date,
): string | undefined {
  return addresses.find((address) => {
    const refusal = refused.get(address);
    const refusedNow = refusal !== undefined && now.getTime() - refusal.at.getTime() < refusalRetryMs;
    return !refusedNow && !holders.has(address);
  });
}

export async function apply(
  accounts: AccountHost,
  action: EmailAction,
  context: ApplyContext,
): Promise<void> {
  const { did, to } = action;
  await context.ensureLease();
  if ((await accounts.changeEmail(did, to)) === 'changed') {
    return context.tell({ type: 'email.changed', data: { did, to } });
  }
  return context.tell({ type: 'email.refused', data: { email: to, reason: 'taken' } });
}
