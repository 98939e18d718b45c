/** What of an account others removed, and a person may restore. Pure. */
import type { Facts } from '../../events/facts.ts';
import type { Did } from '../../identity.ts';
import { isRemoved, type Restorable } from '../resource.ts';
import type { View } from '../view.ts';

/** A document that is missing as a whole had the record of the account in it. */
export function restorable({ conditions, missingAccount }: View, { sights }: Facts): Restorable {
  if (isRemoved(conditions, 'account', 'AccountMissing')) {
    const warnings = missingAccount === undefined ? [] : [newAccountWarning(missingAccount)];
    return { what: ['account'], warnings };
  }
  const isWithDocument = isRemoved(conditions, 'user-document') && sights.record !== undefined;
  const isRecord = isRemoved(conditions, 'account') || isWithDocument;
  return { what: isRecord ? ['account-record'] : [], warnings: [] };
}

function newAccountWarning(lost: Did): string {
  return `The PDS does not have the account ${lost}. A NEW account with a NEW DID and an EMPTY repository replaces it; the data of ${lost} on this PDS is gone, and the new account gets a new password. If PDS_URL names another PDS than before, correct it instead.`;
}
