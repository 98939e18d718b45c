/** Why a document or an account counts as an orphan, in words for a person. */
import type { TenantId, UserKey } from '../../../identity.ts';
import type { PdsAccount } from '../../../ports/accounts.ts';
import { taggedEmail } from '../../../reconcilers/derived-names.ts';

export function why(
  tenant: TenantId | undefined,
  answer: { readonly code: string } | string | undefined,
): string[] {
  if (tenant === undefined) return ['its key is of no configured tenant'];
  const unlisted = `a complete listing of ${tenant} does not have its user`;
  if (answer === undefined) return ['its key is not the id of a user, which is provider|id'];
  if (typeof answer === 'object') return [unlisted, `Auth0 could not be read by id (${answer.code})`];
  const said = answer === 'invalid' ? 'that the id is none of a user' : 'that there is no such user';
  return [unlisted, `Auth0 read by id says ${said}`];
}

/** The document that named it may have been removed, and a restore needs the account. */
export function ownerEvidence(owner: UserKey | undefined): string[] {
  return owner === undefined
    ? []
    : [`the log knows it as the account of ${owner}: see concord explain '${owner}'`];
}

export function inviteEvidence({ inviteHash }: PdsAccount, intendedFor: UserKey | null): string {
  if (inviteHash === undefined) return 'the PDS keeps no invite code of it';
  return intendedFor === null
    ? 'its invite code is not one that the log knows'
    : `its invite code is the one that the log has for ${intendedFor}`;
}

/** An account of a second tenant's user may have the tagged form of the user's address. */
export function addressesBehind(address: string, emailTag: string | undefined): string[] {
  if (emailTag === undefined) return [address];
  const plain = address.replace(`+${emailTag}@`, '@');
  return plain !== address && taggedEmail(plain, emailTag) === address ? [address, plain] : [address];
}
