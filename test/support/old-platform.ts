/**
 * A database of before Concord: test/fixtures/old-platform.json with its accounts on a real PDS. By hand, on real parts
 * of their own: npx tsx test/support/old-platform-sandbox.ts
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BSON, type Db, type Document } from 'mongodb';
import type { UserSeed } from '../../src/sandbox/auth0/users/user.ts';
import type { Pds } from '../../src/sandbox/servers/pds.ts';
import { asAdmin, createAccount, unlimited, xrpc } from './pds.ts';

type Reason = string;

export interface OldPerson {
  readonly name: string;
  readonly shape: string;
  readonly auth0: UserSeed | null;
  /** The `_id` of every document; text unless the shape is that it is none. */
  readonly key: unknown;
  readonly account?: 'active' | 'elsewhere';
  readonly documents: { readonly [collection: string]: Document };
  readonly expects: {
    readonly moved?: readonly ('code' | 'account' | 'password')[];
    readonly right?: true;
    readonly left?: 'document' | 'handle';
    readonly elsewhere?: true;
    readonly notUser?: true;
    /** What `atproto.createdAt` holds after the import. */
    readonly createdAt?: string;
    readonly decisions?: readonly Reason[];
    /** What `users.code` holds in the end. */
    readonly code?: string;
  };
}

export interface LoadedPerson extends OldPerson {
  readonly email: string;
  readonly did: string | undefined;
  readonly password: string;
}

export interface OldWorld {
  readonly db: Db;
  readonly pds: Pds;
  readonly addUser: (user: UserSeed) => void;
}

export const ELSEWHERE = 'https://elsewhere.example';
/** DIDs that no directory knows. */
export const GONE = `did:plc:${'2'.repeat(24)}`;
export const LOST = `did:plc:${'3'.repeat(24)}`;

/** `suffix` keeps the accounts of two loads on one PDS apart. */
export async function loadOldPlatform(world: OldWorld, suffix = ''): Promise<readonly LoadedPerson[]> {
  const { people } = BSON.EJSON.parse(
    readFileSync(new URL('../fixtures/old-platform.json', import.meta.url), 'utf8'),
  ) as { people: readonly OldPerson[] };
  const loaded: LoadedPerson[] = [];
  const dids = new Map<string, string>();
  for (const person of people) {
    const label = person.name + suffix;
    const who = {
      ...{ handle: `${label}${world.pds.serviceDomain}`, email: `${label}@example.com` },
      password: randomBytes(12).toString('hex'),
    };
    const did = person.account === undefined ? undefined : await accountFor(world.pds, who, person.account);
    if (did !== undefined) dids.set(person.name, did);
    if (person.auth0 !== null) world.addUser({ ...person.auth0, email: who.email });
    loaded.push({ ...person, email: who.email, password: who.password, did });
    const filled = (text: string): string => {
      const values: Readonly<Record<string, string | undefined>> = {
        ...{
          label,
          Label: label.toUpperCase(),
          handle: who.handle,
          password: who.password,
          did,
          gone: GONE,
          lost: LOST,
        },
      };
      return text.replaceAll(/\{\{(?:did:(\w+)|(\w+))\}\}/g, (_all, other?: string, own?: string) => {
        const value = other === undefined ? values[own ?? ''] : dids.get(other);
        if (value === undefined) throw new Error(`${person.name}: ${text} has no value`);
        return value;
      });
    };
    for (const [collection, fields] of Object.entries(person.documents)) {
      const document = { ...(mapTexts(fields, filled) as Document), _id: person.key };
      await world.db.collection<{ _id: unknown }>(collection).insertOne(document as never);
    }
  }
  return loaded;
}

async function accountFor(
  pds: Pds,
  who: Parameters<typeof createAccount>[1],
  where: NonNullable<OldPerson['account']>,
): Promise<string> {
  const did = await createAccount(pds, who);
  if (where === 'active') return did;
  await pds.moveDid(did, ELSEWHERE);
  const headers = { ...asAdmin(pds), ...unlimited(pds) };
  const answer = await xrpc(pds.url, 'com.atproto.admin.deleteAccount', { input: { did }, headers });
  if (answer.status !== 200) throw new Error(`not deleted: ${JSON.stringify(answer.body)}`);
  return did;
}

/** Every text in a document, and nothing of another type. */
function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([field, one]) => [field, mapTexts(one, change)]));
}

/** All documents of the platform, in extended JSON: what a run that changes nothing leaves equal. */
export async function dumpOf(db: Db, ...more: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const names = ['users', 'verifications', '@handles', ...more];
  const texts = await Promise.all(
    names.map(async (name) => {
      const found = await db.collection(name).find().sort({ _id: 1 }).toArray();
      return [name, BSON.EJSON.stringify(found, { relaxed: false })] as const;
    }),
  );
  return Object.fromEntries(texts);
}
