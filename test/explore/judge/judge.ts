/** What no write may do, whatever broke on the way: the rules W1, W3 and W4, said once more and apart from the engine. */
import type { Code, Did, UserKey } from '../../../src/identity.ts';
import type { StoredUser } from '../../support/in-memory/documents.ts';
import type { Observation, What } from './knowledge.ts';

/** A write that changed something. */
export interface Write {
  readonly what: What;
  /** It was not there before. */
  readonly isNew: boolean;
  /** The call. */
  readonly name: string;
  /** Of an account that was created. */
  readonly did?: Did;
}

/** Calls that create, restore or rename, though nothing new comes of them. */
const RENAMING = new Set(['changeHandle', 'assignCode']);

export function judge({ what, isNew, name, did }: Write, sight: Observation): string[] {
  const flaws: string[] = [];
  const { missing } = sight;
  if (isNew && name === 'raiseVerification')
    flaws.push('W1: raiseVerification created what was removed meanwhile');
  const isBack = isNew && (missing.includes(what) || (what === 'account' && missing.includes('record')));
  if (isBack) flaws.push(`W1: ${name} brought back what was removed: ${what}`);
  else if (missing.length > 0)
    flaws.push(`W1: ${name} while what was removed is missing: ${missing.join(', ')}`);
  if ((isNew || RENAMING.has(name)) && sight.refusal !== undefined)
    flaws.push(`W3: ${name} for a user who was read as ${sight.refusal}`);
  if (isNew) sight.wrote(what, did);
  return flaws;
}

export function judgeCode(
  user: UserKey,
  code: Code,
  sight: Observation,
  users: ReadonlyMap<UserKey, StoredUser>,
): string[] {
  const { codes } = sight;
  const flaws: string[] = [];
  if (codes.size > 0 && !codes.has(code)) flaws.push('W4: a user was given another code than before');
  if ([...users].some(([other, document]) => other !== user && document.code === code))
    flaws.push('W4: two users share a code');
  return flaws;
}
