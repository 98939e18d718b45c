/** People who are as they should be: their documents written as the platform and Concord would have left them. */
import type { Db } from 'mongodb';
import { type AccountHandle, type Did, parseAccountHandle, parseDid, userKey } from '../../src/identity.ts';
import type { AccountReader, PdsAccount } from '../../src/ports/accounts.ts';
import type { Auth0User } from '../../src/ports/auth0.ts';
import { TENANT } from './entries.ts';
import { auth0Id } from './people.ts';

export interface Account {
  readonly label: string;
  readonly did: string;
  readonly password: string;
}

export interface Crowd {
  readonly users: readonly Auth0User[];
  /** Answers as a PDS would that has all of them. */
  readonly accounts: Pick<AccountReader, 'accounts'>;
}

const CONSONANTS = 'bcdfghjkmnprstvwxyz';
const VOWELS = 'aeou';
const INSERTED_AT_ONCE = 1_000;
const SIGNED_UP = new Date('2025-10-14T13:29:20.565Z');

/** Writes so many people into the platform's collections; with accounts, those that are really there. */
export async function settle(
  db: Db,
  count: number,
  domain: string,
  real?: readonly Account[],
): Promise<Crowd> {
  const known = new Map<Did, PdsAccount>();
  const users: Auth0User[] = [];
  for (let from = 0; from < count; from += INSERTED_AT_ONCE) {
    const people = Array.from({ length: Math.min(INSERTED_AT_ONCE, count - from) }, (_, at) =>
      personOf(from + at, domain, real?.[from + at]),
    );
    await Promise.all([
      insert(
        db,
        'verifications',
        people.map(({ _id }) => ({ _id, count: 1 })),
      ),
      insert(
        db,
        'users',
        people.map(({ _id, code, atproto }) => ({ _id, code, when: SIGNED_UP, atproto })),
      ),
      insert(
        db,
        '@handles',
        people.map(({ _id, label }) => ({ _id, handle: label })),
      ),
      insert(db, 'concord.subjects', people.map(subjectOf)),
    ]);
    for (const { user, account } of people) {
      users.push(user);
      known.set(account.did, account);
    }
  }
  const answer = async (dids: readonly Did[]): Promise<ReadonlyMap<Did, PdsAccount>> =>
    new Map(dids.flatMap((did) => (known.has(did) ? [[did, known.get(did)] as [Did, PdsAccount]] : [])));
  return { users, accounts: { accounts: answer } };
}

function personOf(at: number, domain: string, real: Account | undefined) {
  const userId = auth0Id(`auth0|${at.toString(16).padStart(24, '0')}`);
  const label = real?.label ?? `person-${at}`;
  const email = `${label}@example.com`;
  const did = didOf(real?.did ?? `did:plc:${base32(at)}`);
  const handle = handleOf(label + domain);
  const account: PdsAccount = { did, handle, email, inviteHash: undefined, state: 'unknown' };
  return {
    _id: userKey(TENANT.keyPrefix, userId),
    label,
    code: codeOf(at),
    atproto: { did, handle, password: real?.password ?? 'sealed', createdAt: SIGNED_UP.toISOString() },
    user: { userId, email, emailVerified: true, blocked: false, createdAt: SIGNED_UP },
    account,
  };
}

/** As a sweep that saw the user in sync has left it. */
function subjectOf({ _id, user, code, atproto }: ReturnType<typeof personOf>) {
  const sights = ['verification', 'document', 'record', 'account'];
  const mark = `vdra ${code} ${atproto.did}`;
  const view = { sights, mark, code, did: atproto.did, sync: 'Synced', health: 'Healthy', conditions: [] };
  return { _id, tenant: TENANT.id, userId: user.userId, view };
}

async function insert(db: Db, name: string, documents: readonly { readonly _id: string }[]): Promise<void> {
  await db.collection<{ _id: string }>(name).insertMany([...documents]);
}

/** Codes of as many years as it takes. */
function codeOf(at: number): string {
  let rest = at;
  const next = (letters: string): string => {
    const letter = letters[rest % letters.length] ?? '';
    rest = Math.floor(rest / letters.length);
    return letter;
  };
  const word = [CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS].map(next).join('');
  return `ac${String(10 + rest).padStart(2, '0')}${word}`;
}

function base32(at: number): string {
  return [...at.toString(32).padStart(24, '0')]
    .map((digit) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(digit, 32)])
    .join('');
}

function didOf(text: string): Did {
  const did = parseDid(text);
  if (did === undefined) throw new Error(`${text} is no DID`);
  return did;
}

function handleOf(text: string): AccountHandle {
  const handle = parseAccountHandle(text);
  if (handle === undefined) throw new Error(`${text} is no handle`);
  return handle;
}
