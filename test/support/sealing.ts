/** Passwords sealed with one key and then another, for the tests of both. */
import type { Db } from 'mongodb';
import { sealedWith } from '../../src/credentials/envelope.ts';
import { createVault, generateKey } from '../../src/credentials/vault.ts';
import { storedUserKey } from '../../src/identity.ts';
import { createLogger } from '../../src/logger.ts';
import { type Engine, wireEngine } from '../../src/wiring/engine.ts';
import { type Member, reconcileUser, type StoredMember } from './member.ts';
import type { Platform } from './platform.ts';

/** What the PDS makes at its fastest; more would only wait for one another. */
const AT_ONCE = 4;
export const [K1, K2, OTHER_K1] = [generateKey('k1'), generateKey('k2'), generateKey('k1')];
export const ROTATED = `${K2},${K1}`;

export function users(db: Db) {
  return db.collection<StoredMember>('users', { writeConcern: { w: 'majority' } });
}

export function withKeys(world: Platform, keys: string) {
  return { env: { ...world.env, CONCORD_CREDENTIAL_KEYS: keys } };
}

export function wired(world: Platform, keys: string, log: string[], overlay = {}): Engine {
  const logger = createLogger({ level: 'trace', stream: { write: (line) => void log.push(line) } });
  return wireEngine(world.config({ credentials: { keys }, ...overlay }), logger);
}

export async function reconcileAll(engine: Engine, members: readonly Member[]): Promise<unknown[]> {
  const waiting = [...members];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
      const result = await reconcileUser(engine.reconcile, member);
      failures.push(...result.failures.map(({ error }) => error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

/** Every password in the clear, by user. Throws when one does not open. */
export async function opened(db: Db, keys: string): Promise<Map<string, string>> {
  const vault = createVault({ storage: 'sealed', keys });
  const found = await users(db)
    .find({ 'atproto.password': { $exists: true } })
    .toArray();
  return new Map(
    found.flatMap(({ _id, atproto }) =>
      atproto === undefined ? [] : [[_id, vault.open(atproto.password, storedUserKey(_id))] as const],
    ),
  );
}

export async function sealedBy(db: Db): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { atproto } of await users(db).find().toArray()) {
    const kid = atproto === undefined ? 'none' : (sealedWith(atproto.password) ?? 'plaintext');
    counts[kid] = (counts[kid] ?? 0) + 1;
  }
  return counts;
}
