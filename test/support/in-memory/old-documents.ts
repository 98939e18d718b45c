/** The platform's older documents in memory. */
import type { Code, Did } from '../../../src/identity.ts';
import type { OldDocument, OldDocumentStore, OldMove, OldUser } from '../../../src/ports/old-documents.ts';

export interface InMemoryOldDocuments extends OldDocumentStore {
  /** By key, for a test to look at and to be the platform. */
  readonly stored: Map<string, OldUser>;
}

export function inMemoryOldDocuments(users: readonly OldUser[], pageSize = 2): InMemoryOldDocuments {
  const stored = new Map(users.map((user) => [user.key, user]));
  const documents = () => [...stored.values()];
  return {
    stored,
    async *pages() {
      const all = documents();
      for (let at = 0; at < all.length; at += pageSize) yield all.slice(at, at + pageSize);
    },
    read: async (keys) =>
      new Map(keys.flatMap((key) => (stored.has(key) ? [[key, stored.get(key) as OldUser]] : []))),
    shared: async () => ({
      codes: sharedBy(documents(), ({ legacyCode }) => legacyCode),
      dids: sharedBy(documents(), ({ document }) => (document?.account ?? document?.old)?.did),
    }),
    holdersOfCodes: async (codes) =>
      new Map(
        documents().flatMap(({ key, document }): [Code, string][] =>
          document?.code !== undefined && codes.includes(document.code) ? [[document.code, key]] : [],
        ),
      ),
    move: async (moves) => {
      for (const move of moves) {
        const user = stored.get(move.read.key);
        if (user?.document === undefined) continue;
        const document = moved(user.document, move, isFree(documents(), move));
        stored.set(user.key, { ...user, document });
      }
    },
  };
}

function sharedBy<Value extends Code | Did>(
  users: readonly OldUser[],
  valueIn: (user: OldUser) => Value | undefined,
): ReadonlyMap<Value, readonly string[]> {
  const keys = new Map<Value, string[]>();
  for (const user of users) {
    const value = valueIn(user);
    if (value !== undefined) keys.set(value, [...(keys.get(value) ?? []), user.key]);
  }
  return new Map([...keys].filter(({ 1: { length } }) => length > 1));
}

/** As the unique index on codes says. */
function isFree(users: readonly OldUser[], move: OldMove): boolean {
  return move.what !== 'code' || !users.some(({ document }) => document?.code === move.code);
}

function moved(document: OldDocument, move: OldMove, isFreeCode: boolean): OldDocument {
  const { code, hasUnreadableCode, account, old } = document;
  if (move.what === 'code')
    return code !== undefined || hasUnreadableCode || !isFreeCode
      ? document
      : { ...document, code: move.code };
  if (old?.did !== move.did || old.password !== move.read.document?.old?.password) return document;
  const { did, password } = move;
  if (move.what === 'password')
    return account?.did !== did || account.password !== undefined
      ? document
      : { ...document, account: { ...account, password } };
  if (account !== undefined) return document;
  return { ...document, account: { did, handle: move.handle, password, createdAt: move.createdAt } };
}
