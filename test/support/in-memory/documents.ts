/**
 * The platform's documents in memory. A unique index guards codes only while such an index is there:
 * without it, as in the incident, two users can come to have one code.
 */
import { UpstreamError } from '../../../src/errors.ts';
import {
  type AccountHandle,
  type Code,
  type Did,
  type EventId,
  parseCode,
  type UserKey,
} from '../../../src/identity.ts';
import type {
  DocumentOwner,
  DocumentStore,
  Documents,
  IndexState,
  WantedIndex,
} from '../../../src/ports/documents.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { all, type Kept, saveMap } from './kept.ts';

export interface StoredAccountFields {
  readonly did?: Did;
  readonly handle?: AccountHandle;
  readonly password?: string;
  readonly createdAt?: string;
}

export interface StoredUser {
  readonly code?: Code;
  readonly when?: Date;
  readonly account?: StoredAccountFields;
  readonly pending?: { readonly intent: EventId; readonly password: string };
}

export interface InMemoryDocuments extends DocumentStore, Kept {
  /** The collections themselves, for a test to look at and to be the platform. */
  readonly verifications: Map<UserKey, number>;
  readonly users: Map<UserKey, StoredUser>;
  readonly handles: Map<UserKey, string>;
  /** `@handles.code`, where the platform kept codes before. */
  readonly legacyCodes: Map<UserKey, Code>;
  readonly indexStates: IndexState[];
}

export const UNIQUE_CODE: IndexState = {
  collection: 'users',
  name: 'code_1',
  key: [['code', 1]],
  unique: true,
  partial: false,
};
export const UNIQUE_HANDLE: IndexState = {
  collection: '@handles',
  name: 'handle_1',
  key: [['handle', 1]],
  unique: true,
  partial: false,
};

export function inMemoryDocuments(hooks?: Hooks): InMemoryDocuments {
  const verifications = new Map<UserKey, number>();
  const users = new Map<UserKey, StoredUser>();
  const handles = new Map<UserKey, string>();
  const legacyCodes = new Map<UserKey, Code>();
  const indexStates: IndexState[] = [UNIQUE_CODE, UNIQUE_HANDLE];

  const isTaken = (code: Code): boolean =>
    indexStates.some((index) => isOn(index, 'users', 'code') && index.unique && !index.partial) &&
    [...users.values()].some((user) => user.code === code);
  const requireUser = (user: UserKey, what: string): StoredUser => {
    const found = users.get(user);
    if (found === undefined)
      throw refused(`${what}: the user document is not there`, 'DOCUMENT_CHANGED', true);
    return found;
  };

  const documents: InMemoryDocuments = {
    verifications,
    users,
    handles,
    legacyCodes,
    indexStates,

    save() {
      const indexes = [...indexStates];
      const restore = all([saveMap(verifications), saveMap(users), saveMap(handles), saveMap(legacyCodes)]);
      return () => {
        restore();
        indexStates.splice(0, indexStates.length, ...indexes);
      };
    },

    async read(keys) {
      return new Map(
        keys.map((key): [UserKey, Documents] => [
          key,
          {
            verificationCount: verifications.get(key),
            user: userOf(users.get(key)),
            handle: handles.get(key),
            legacyCode: legacyCodes.get(key),
          },
        ]),
      );
    },
    indexes: async () => [...indexStates],
    codesInYear: async (prefix) => [...users.values()].filter(({ code }) => code?.startsWith(prefix)).length,
    async findUsers({ code, did, handle }) {
      const found = new Set<UserKey>();
      for (const [key, user] of users) {
        if (code !== undefined && user.code === code) found.add(key);
        if (did !== undefined && user.account?.did === did) found.add(key);
      }
      for (const [key, name] of handles) if (handle !== undefined && name === handle) found.add(key);
      return [...found];
    },
    namesAmong: async (kind, names) => {
      const there = kind === 'handle' ? [...handles.values()] : [...users.values()].map(({ code }) => code);
      return there.filter((name) => name !== undefined && names.includes(name)).map(String);
    },
    async *owners() {
      const of = (collection: DocumentOwner['collection'], keys: Iterable<UserKey>): DocumentOwner[] =>
        [...keys].map((key) => ({
          collection,
          key,
          did: collection === 'users' ? users.get(key)?.account?.did : undefined,
        }));
      yield of('users', users.keys());
      yield of('verifications', verifications.keys());
      yield of('@handles', handles.keys());
    },
    async namedDids(dids) {
      const named = [...users.values()].flatMap(({ account }) => account?.did ?? []);
      return new Set(named.filter((did) => dids.includes(did)));
    },

    async createVerification(user, count) {
      if (verifications.has(user)) return 'exists';
      verifications.set(user, count);
      return 'created';
    },
    async raiseVerification(user, atLeast) {
      const count = verifications.get(user);
      if (count === undefined) return 'missing';
      if (count >= atLeast) return 'enough';
      verifications.set(user, atLeast);
      return 'raised';
    },
    async createUser(user, code, when) {
      if (users.has(user)) return 'user-exists';
      if (isTaken(code)) return 'code-taken';
      users.set(user, { code, when });
      return 'created';
    },
    async assignCode(user, code) {
      const found = requireUser(user, 'assign a code');
      if (found.code !== undefined) return 'has-code';
      if (isTaken(code)) return 'code-taken';
      users.set(user, { ...found, code });
      return 'assigned';
    },
    async keepPendingPassword(user, intent, password) {
      users.set(user, { ...requireUser(user, 'keep a pending password'), pending: { intent, password } });
    },
    async recordAccount(user, { did, handle, password, createdAt }, over) {
      const { pending: _dropped, account, ...rest } = requireUser(user, 'record an account');
      if (account?.did !== undefined && account.did !== did) return 'other';
      if (!isOver(account, [handle, ...over])) return 'other';
      const kept = account?.password ?? '';
      if (password !== undefined && kept !== '' && kept !== password) return 'other';
      const secret = password === undefined ? {} : { password };
      const since = account?.did === undefined ? { createdAt: createdAt.toISOString() } : {};
      const fields = { ...account, did, handle, ...since, ...secret };
      users.set(user, { ...rest, account: fields });
      return 'recorded';
    },
    async storedPassword(user, did) {
      const account = users.get(user)?.account;
      return account?.did === did && account.password !== '' ? account.password : undefined;
    },
    async storedRecord(user, did) {
      const account = users.get(user)?.account;
      if (account?.did !== did) return undefined;
      const { password = '', createdAt } = account;
      return {
        password: password === '' ? undefined : password,
        createdAt: createdAt === undefined ? undefined : new Date(createdAt),
      };
    },
    async replaceAccount(user, over, { did, handle, password, createdAt }) {
      const { pending: _dropped, account, ...rest } = requireUser(user, 'replace an account');
      if (account?.did !== over && account?.did !== did) return 'other';
      const secret = password === undefined ? {} : { password };
      users.set(user, { ...rest, account: { did, handle, createdAt: createdAt.toISOString(), ...secret } });
      return 'recorded';
    },
    async removeCode(user, code) {
      const { code: found, ...rest } = users.get(user) ?? {};
      if (found === undefined) return 'missing';
      if (found !== code) return 'other';
      users.set(user, rest);
      return 'removed';
    },
    async handleRow(user, handle) {
      return handles.get(user) === handle ? JSON.stringify({ handle }) : undefined;
    },
    async removeHandleRow(user, row) {
      const handle = handles.get(user);
      if (handle === undefined) return 'missing';
      if (JSON.stringify({ handle }) !== row) return 'other';
      handles.delete(user);
      return 'removed';
    },
    async insertHandleRow(user, row) {
      const { handle } = JSON.parse(row) as { readonly handle: string };
      if (handles.get(user) === handle) return 'exists';
      if (handles.has(user) || [...handles.values()].includes(handle)) return 'taken';
      handles.set(user, handle);
      return 'inserted';
    },
    async replacePassword(user, did, over, password) {
      const found = users.get(user);
      const held = found?.account?.password === '' ? undefined : found?.account?.password;
      if (found?.account?.did !== did || held !== over)
        throw refused('replace a password: the user document has changed', 'DOCUMENT_CHANGED', true);
      users.set(user, { ...found, account: { ...found.account, password } });
    },
    async dropAccount(user, did) {
      const { account, pending: _dropped, ...rest } = users.get(user) ?? {};
      if (account?.did !== did) return 'not-named';
      users.set(user, rest);
      return 'dropped';
    },
    async recordAccountHandle(user, did, handle, over) {
      const found = users.get(user);
      if (found?.account?.did !== did || !isOver(found.account, [handle, ...over]))
        throw refused('record a handle: the user document has gone on', 'DOCUMENT_CHANGED', true);
      users.set(user, { ...found, account: { ...found.account, handle } });
    },
    async createIndex(wanted) {
      createIndex(indexStates, wanted, users, handles);
    },
  };
  return hooked('documents', documents, CALLS.documents, hooks);
}

function isOver(account: StoredAccountFields | undefined, handles: readonly AccountHandle[]): boolean {
  return account?.handle === undefined || handles.includes(account.handle);
}

function userOf(stored: StoredUser | undefined): Documents['user'] {
  if (stored === undefined) return undefined;
  const { code, when, account, pending } = stored;
  const isThere = account !== undefined && Object.keys(account).length > 0;
  return {
    // As it is read from MongoDB: what does not parse there is no code.
    code: parseCode(code),
    when,
    account: isThere
      ? { did: account.did, handle: account.handle, hasPassword: (account.password ?? '') !== '' }
      : undefined,
    pending,
  };
}

function createIndex(
  states: IndexState[],
  { collection, field }: WantedIndex,
  users: ReadonlyMap<UserKey, StoredUser>,
  handles: ReadonlyMap<UserKey, string>,
): void {
  const sameKey = states.filter((index) => isOn(index, collection, field));
  if (sameKey.some(({ unique, partial }) => unique && !partial)) return;
  if (sameKey.length > 0) throw refused('an index is in the way', 'INDEX_IN_THE_WAY', false);
  const values = collection === 'users' ? [...users.values()].map(({ code }) => code) : [...handles.values()];
  const there = values.filter((value) => value !== undefined);
  if (new Set(there).size < there.length) throw refused('documents share a value', 'INDEX_DUPLICATES', false);
  states.push({ collection, name: `${field}_unique`, key: [[field, 1]], unique: true, partial: false });
}

function isOn(index: IndexState, collection: IndexState['collection'], field: string): boolean {
  return index.collection === collection && index.key.length === 1 && index.key[0]?.[0] === field;
}

function refused(message: string, code: string, retryable: boolean): UpstreamError {
  return new UpstreamError(message, { upstream: 'mongodb', code, retryable });
}
