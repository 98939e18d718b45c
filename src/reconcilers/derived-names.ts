/** Handles and addresses that are made of other names. */

import { createHash } from 'node:crypto';
import { type AccountHandle, type Code, type Did, parseAccountHandle } from '../identity.ts';
import type { PdsAccount } from '../ports/accounts.ts';

/**
 * The rules of the PDS: lower-case letters, digits and hyphens, 3 to 18 long, no hyphen at either end. Reserved words and
 * slurs are known to the PDS only; what it refuses is learned from its answer.
 * Source: @atproto/pds 0.4.217 handle/index, @atproto/syntax.
 */
const LABEL = /^[a-z0-9][a-z0-9-]{1,16}[a-z0-9]$/;

/** The platform's `.` and `_` become hyphens, so `a.b` and `a_b` get the same label. */
export function handleLabel(platformHandle: string): string {
  return platformHandle.toLowerCase().replaceAll(/[._]/g, '-');
}

export function isAllowedLabel(label: string): boolean {
  return LABEL.test(label);
}

/** The handle made of a code; undefined where there is none yet. */
export function codeHandle(code: Code | undefined, domain: string): AccountHandle | undefined {
  return code === undefined ? undefined : parseAccountHandle(code + domain);
}

/** `bob@example.com` and `sotce` give `bob+sotce@example.com`. */
export function taggedEmail(email: string, tag: string): string {
  const at = email.lastIndexOf('@');
  return `${email.slice(0, at)}+${tag}${email.slice(at)}`;
}

/** Names the account, so no two accounts are parked on one address. `.invalid` is reserved by RFC 2606. */
export function parkedAddress(did: Did): string {
  return `parked-${createHash('sha256').update(did).digest('hex').slice(0, 24)}@account.invalid`;
}

/** A label that names the account, so that no two accounts are parked on one. */
export function parkedHandle(did: Did, domain: string): AccountHandle | undefined {
  const label = `p${createHash('sha256').update(did).digest('hex').slice(0, 15)}`;
  return parseAccountHandle(label + domain);
}

/** The handle of the account, where other users may choose it: not the one made of the code, and not a parked one. */
export function wantedHandle(
  { did, handle }: PdsAccount,
  code: Code | undefined,
  domain: string,
): AccountHandle | undefined {
  const isOfNoOther = handle === codeHandle(code, domain) || handle === parkedHandle(did, domain);
  return isOfNoOther || !handle.endsWith(domain) ? undefined : handle;
}
