/**
 * From a platform handle to the label of an account handle, by the rules of the PDS:
 * lower-case letters, digits and hyphens, 3 to 18 long, no hyphen at either end. The platform's
 * `.` and `_` become hyphens, so `a.b` and `a_b` get the same label. Reserved words and slurs are
 * known to the PDS only; what it refuses is learned from its answer.
 * Source: @atproto/pds 0.4.217 handle/index, @atproto/syntax.
 */
import { type AccountHandle, type Code, parseAccountHandle } from '../../identity.ts';

const LABEL = /^[a-z0-9][a-z0-9-]{1,16}[a-z0-9]$/;

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
