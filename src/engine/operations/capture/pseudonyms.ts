/**
 * Other names for everything that names a person, always the same for the same name. Whatever depends on names being
 * equal, or on how they are derived from one another, stays as it was: a code is the label of a handle, a tagged
 * address is derived from a plain one, a parked address or handle from the DID of its account, and an invalid handle
 * stays invalid.
 *
 * A pseudonym has nothing of the original name, not even its length; only the year of a code is kept.
 */
import { createHash } from 'node:crypto';
import type { Pseudonyms } from '../../../events/pseudonyms.ts';
import {
  type AccountHandle,
  type Auth0UserId,
  type Code,
  type Did,
  type EventId,
  eventId,
  looksLikeCode,
  parseAccountHandle,
  parseAuth0UserId,
  parseCode,
  parseDid,
  parseTenantId,
  storedUserKey,
  type TenantId,
  type UserKey,
  userKey,
} from '../../../identity.ts';
import {
  handleLabel,
  isAllowedLabel,
  parkedAddress,
  parkedHandle,
  taggedEmail,
} from '../../../reconcilers/derived-names.ts';
import { ownerOf } from '../../intake/owner.ts';

export interface PseudonymousTenant {
  readonly id: TenantId;
  readonly keyPrefix: string;
  readonly emailTag: string | undefined;
}

/** Replaces the domain of handles. */
export const PSEUDONYMOUS_DOMAIN = '.handles.invalid';
const ELSEWHERE = '.elsewhere.invalid';
const TAG = 'tag';
const CONSONANTS = 'bcdfghjkmnprstvwxyz';
const VOWELS = 'aeou';

export class ConsistentPseudonyms implements Pseudonyms {
  /** In the order of the tenants that were given: the user's own first. */
  readonly tenants: readonly PseudonymousTenant[];
  readonly #originals: readonly PseudonymousTenant[];
  readonly #domain: string | undefined;
  readonly #names = new Map<string, Map<string, number>>();
  /** By an address or a handle that an account is parked on, that of the pseudonym of its DID. */
  readonly #parked = new Map<string, string>();

  constructor(tenants: readonly PseudonymousTenant[], domain: string | undefined) {
    this.#originals = tenants;
    this.#domain = domain;
    this.tenants = tenants.map(({ emailTag }, index) => ({
      id: certain(parseTenantId(`tenant-${index + 1}`)),
      keyPrefix: index === 0 ? '' : `tenant-${index + 1}-`,
      emailTag: emailTag === undefined ? undefined : TAG,
    }));
  }

  tenant(id: TenantId): TenantId {
    const index = this.#originals.findIndex((tenant) => tenant.id === id);
    return this.tenants[index]?.id ?? certain(parseTenantId(`other-${this.#number('tenant', id)}`));
  }

  userId(id: Auth0UserId): Auth0UserId {
    return certain(parseAuth0UserId(`auth0|person-${this.#number('user', id)}`));
  }

  user(key: UserKey): UserKey {
    const owned = ownerOf(key, this.#originals);
    const own = owned && this.tenants[this.#originals.indexOf(owned.tenant)];
    if (owned === undefined || own === undefined) return storedUserKey(`other|${this.#number('key', key)}`);
    return userKey(own.keyPrefix, this.userId(owned.userId));
  }

  event(id: EventId): EventId {
    // All of the same length, because of two events at one time the one with the smaller id is first.
    return eventId(`line-${String(this.#number('event', id)).padStart(8, '0')}`);
  }

  email(email: string): string {
    if (email === '') return '';
    const lower = email.toLowerCase();
    const parked = this.#parked.get(lower);
    if (parked !== undefined) return parked;
    const [{ emailTag } = { emailTag: undefined }] = this.#originals;
    const at = lower.lastIndexOf('@');
    const local = lower.slice(0, at);
    if (emailTag !== undefined && at > 0 && local.endsWith(`+${emailTag}`)) {
      const plain = local.slice(0, -emailTag.length - 1) + lower.slice(at);
      return taggedEmail(this.email(plain), TAG);
    }
    return `person-${this.#number('email', lower)}@mail.invalid`;
  }

  platformHandle(handle: string): string {
    return this.#label(handleLabel(handle));
  }

  handle(handle: AccountHandle): AccountHandle {
    const domain = this.#domain;
    if (handle === '') return handle;
    const parked = this.#parked.get(handle);
    if (parked !== undefined) return parked as AccountHandle;
    if (domain === undefined || !handle.endsWith(domain))
      return certain(parseAccountHandle(`handle-${this.#number('elsewhere', handle)}${ELSEWHERE}`));
    const label = this.#label(handle.slice(0, -domain.length));
    // An invalid label makes no handle, and yet an account on the PDS may have one.
    return (
      parseAccountHandle(label + PSEUDONYMOUS_DOMAIN) ??
      certain(parseAccountHandle(`a.b${this.#number('label', label)}${PSEUDONYMOUS_DOMAIN}`))
    );
  }

  code(code: Code): Code {
    const number = this.#number('code', code);
    const pair = (at: number): string => `${CONSONANTS[at % 19]}${VOWELS[Math.floor(at / 19) % 4]}`;
    const drawn = pair(Math.floor(number / 76)) + pair(number);
    const year = looksLikeCode(code) ? code.slice(0, 4) : 'ac00';
    return certain(parseCode(`${year}zuzuzu${drawn}z`));
  }

  did(did: Did): Did {
    const digits = [...this.#number('did', did).toString(6)].map((digit) => Number(digit) + 2);
    const pseudonym = certain(parseDid(`did:plc:captured${digits.join('').padStart(16, 'a')}`));
    this.#parked.set(parkedAddress(did), parkedAddress(pseudonym));
    const domain = this.#domain;
    const handle = domain === undefined ? undefined : parkedHandle(did, domain);
    if (handle !== undefined) this.#parked.set(handle, certain(parkedHandle(pseudonym, PSEUDONYMOUS_DOMAIN)));
    return pseudonym;
  }

  /** A PDS may belong to one person. */
  origin(origin: string): string {
    return `https://pds-${this.#number('origin', origin)}.invalid`;
  }

  /** The invite code behind a hash, so that a world can be made in which it was used. */
  inviteCode(hash: string): string {
    return `used-code-${this.#number('invite', hash)}`;
  }

  inviteHash(hash: string): string {
    return createHash('sha256').update(this.inviteCode(hash)).digest('hex');
  }

  /** Whatever people or we wrote. */
  text(text: string): string {
    return text === '' ? '' : `text-${this.#number('text', text)}`;
  }

  #label(label: string): string {
    if (label === '') return '';
    const code = looksLikeCode(label) ? parseCode(label) : undefined;
    if (code !== undefined) return this.code(code);
    const number = this.#number('handle', label);
    return isAllowedLabel(label) ? `handle-${number}` : `-${number}`;
  }

  #number(kind: string, original: string): number {
    const known = this.#names.get(kind) ?? new Map<string, number>();
    this.#names.set(kind, known);
    const number = known.get(original) ?? known.size + 1;
    known.set(original, number);
    return number;
  }
}

function certain<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a name that was made up does not parse');
  return value;
}
