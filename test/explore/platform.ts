/** The platform's own programs and people, as steps of one write each. Concord may act before and after each of them. */
import { type AccountHandle, type Code, parseAccountHandle } from '../../src/identity.ts';
import type { Person } from '../mongo/people.ts';
import type { StoredAccount } from '../support/in-memory/accounts.ts';
import type { StoredUser } from '../support/in-memory/documents.ts';
import type { World } from './world.ts';

/** What a change stream can say was removed. */
export type Removed = 'verification' | 'user-document' | 'account-record' | 'code' | 'handle';

/** Something that is on its way to Concord: an entry of Auth0's log, or a change in the database. */
export type Message =
  | { readonly type: 'entry'; readonly who: Person; readonly code: string }
  | {
      readonly type: 'change';
      readonly who: Person;
      readonly removed: Removed | undefined;
      readonly atMs: number;
    };

/** The stores that a step reads or writes: only calls to these can tell whether it came before or after them. */
export type Touched = 'documents' | 'accounts' | 'auth0';

export interface WorldStep {
  readonly name: string;
  readonly touches: readonly Touched[];
  /** Whether Concord can be told of it at all. */
  readonly isTold: boolean;
  /** In one go, so that nothing comes in between. Returns what Concord is told of it. */
  readonly happens: (world: World) => readonly Message[];
}

const UNTOLD: readonly Message[] = [];

function entry(who: Person, code: string): readonly Message[] {
  return [{ type: 'entry', who, code }];
}

function change(world: World, who: Person, removed: Removed | undefined): readonly Message[] {
  return [{ type: 'change', who, removed, atMs: world.nowMs }];
}

function onDocument(
  world: World,
  { user }: Person,
  changed: (document: StoredUser) => StoredUser | undefined,
): boolean {
  const document = world.documents.users.get(user);
  const next = document && changed(document);
  if (next === undefined) return false;
  world.documents.users.set(user, next);
  return true;
}

// ── What is removed ──

export function removesVerification(who: Person): WorldStep {
  return {
    name: 'removes the verification',
    touches: ['documents'],
    isTold: true,
    happens: (world) =>
      world.documents.verifications.delete(who.user) ? change(world, who, 'verification') : UNTOLD,
  };
}

export function removesHandle(who: Person): WorldStep {
  return {
    name: 'removes the row in @handles',
    touches: ['documents'],
    isTold: true,
    happens: (world) => (world.documents.handles.delete(who.user) ? change(world, who, 'handle') : UNTOLD),
  };
}

export function removesDocument(who: Person): WorldStep {
  return {
    name: 'removes the users document',
    touches: ['documents'],
    isTold: true,
    happens: (world) =>
      world.documents.users.delete(who.user) ? change(world, who, 'user-document') : UNTOLD,
  };
}

export function removesCode(who: Person): WorldStep {
  const without = ({ code, ...rest }: StoredUser): StoredUser | undefined =>
    code === undefined ? undefined : rest;
  return {
    name: 'removes the code from the document',
    touches: ['documents'],
    isTold: true,
    happens: (world) => (onDocument(world, who, without) ? change(world, who, 'code') : UNTOLD),
  };
}

export function removesRecord(who: Person): WorldStep {
  const without = ({ account, ...rest }: StoredUser): StoredUser | undefined =>
    account === undefined ? undefined : rest;
  return {
    name: 'removes the account from the document',
    touches: ['documents'],
    isTold: true,
    happens: (world) => (onDocument(world, who, without) ? change(world, who, 'account-record') : UNTOLD),
  };
}

/** The account that the document names, on the PDS, with the rights of an administrator. */
export function removesAccount(who: Person): WorldStep {
  return {
    name: 'removes the account on the PDS',
    touches: ['accounts', 'documents'],
    isTold: false,
    happens: (world) => {
      const did = world.documents.users.get(who.user)?.account?.did;
      if (did !== undefined) void world.accounts.deleteAccount(did);
      return UNTOLD;
    },
  };
}

// ── Auth0 ──

export function removesUser(who: Person): WorldStep {
  return {
    name: 'deletes the user in Auth0',
    touches: ['auth0'],
    isTold: true,
    happens: (world) => {
      world.directoryOf(who).remove(who.userId);
      return entry(who, 'sdu');
    },
  };
}

export function blocks(who: Person, blocked = true): WorldStep {
  return {
    name: blocked ? 'blocks the user' : 'unblocks the user',
    touches: ['auth0'],
    isTold: true,
    happens: (world) => {
      world.changeNow(who, { blocked });
      return entry(who, 's');
    },
  };
}

/** Nothing but a login, which is no change and makes the user due. */
export function logsIn(who: Person): WorldStep {
  return { name: 'logs in', touches: [], isTold: true, happens: () => entry(who, 's') };
}

// ── What is written ──

export function recordsVerification(who: Person, count: number): WorldStep {
  return {
    name: 'records a verification',
    touches: ['documents'],
    isTold: false,
    happens: ({ documents: { verifications } }) => {
      if (!verifications.has(who.user)) verifications.set(who.user, count);
      return UNTOLD;
    },
  };
}

export function insertsDocument(who: Person, code: Code): WorldStep {
  return {
    name: 'inserts the users document',
    touches: ['documents'],
    isTold: false,
    happens: (world) => {
      const { users } = world.documents;
      if (!users.has(who.user)) users.set(who.user, { code, when: new Date(world.nowMs) });
      return UNTOLD;
    },
  };
}

function platformAccount(world: World, who: Person): StoredAccount | undefined {
  const email = world.userOf(who)?.email?.toLowerCase();
  return [...world.accounts.stored.values()].find(
    (account) => account.email === email && account.inviteCode === undefined,
  );
}

function codeHandle(code: string | undefined): AccountHandle | undefined {
  return parseAccountHandle(`${code}.at.test`);
}

/** Unless the PDS already has one under the handle or the address, which it would refuse. */
export function createsAccount(who: Person): WorldStep {
  return {
    name: 'creates the account on the PDS',
    touches: ['accounts', 'documents'],
    isTold: false,
    happens: (world) => {
      const { code, account } = world.documents.users.get(who.user) ?? {};
      const handle = codeHandle(code);
      const email = world.userOf(who)?.email?.toLowerCase();
      const isTaken = [...world.accounts.stored.values()].some(
        (other) => other.handle === handle || other.email === email,
      );
      if (code !== undefined && handle !== undefined && account === undefined && !isTaken)
        world.known.add(world.accounts.put({ handle, email, password: 'the platform’s' }));
      return UNTOLD;
    },
  };
}

/** With the password as it is, as the platform does. */
export function recordsAccount(who: Person): WorldStep {
  return {
    name: 'records the account in the document',
    touches: ['accounts', 'documents'],
    isTold: false,
    happens: (world) => {
      const account = platformAccount(world, who);
      if (account === undefined) return UNTOLD;
      const { did, handle, password = '' } = account;
      onDocument(world, who, (document) =>
        document.account === undefined
          ? { ...document, account: { did, handle, password, createdAt: world.clock.now().toISOString() } }
          : undefined,
      );
      return UNTOLD;
    },
  };
}

export function choosesHandle(who: Person, name: string): WorldStep {
  return {
    name: `writes the handle ${name}`,
    touches: ['documents'],
    isTold: true,
    happens: (world) => {
      world.choose(who, name);
      return change(world, who, undefined);
    },
  };
}

/** On the PDS, and in the document. */
export function renamesAccount(who: Person, name: string): readonly WorldStep[] {
  const handle = parseAccountHandle(`${name.replaceAll(/[._]/g, '-')}.at.test`);
  const renamed = (document: StoredUser): StoredUser | undefined =>
    handle === undefined || document.account === undefined
      ? undefined
      : { ...document, account: { ...document.account, handle } };
  return [
    {
      name: `renames the account to ${name}`,
      touches: ['accounts', 'documents'],
      isTold: false,
      happens: (world) => {
        const did = world.documents.users.get(who.user)?.account?.did;
        if (did !== undefined && handle !== undefined)
          void world.accounts.changeHandle(did, handle).catch(() => undefined);
        return UNTOLD;
      },
    },
    {
      name: `writes ${name} into the document`,
      touches: ['documents'],
      isTold: false,
      happens: (world) => {
        onDocument(world, who, renamed);
        return UNTOLD;
      },
    },
  ];
}

// ── The platform's flows ──

export function signUpHandler(who: Person, code: Code, how: 'documents' | 'with the account'): WorldStep[] {
  const documents = [recordsVerification(who, 1), insertsDocument(who, code)];
  return how === 'documents' ? documents : [...documents, createsAccount(who), recordsAccount(who)];
}

/** A person erases themselves; Auth0 has the user until the last step. */
export function erasure(who: Person, document: 'goes' | 'stays'): WorldStep[] {
  return [
    removesVerification(who),
    removesHandle(who),
    removesAccount(who),
    removesRecord(who),
    ...(document === 'goes' ? [removesDocument(who)] : []),
    removesUser(who),
  ];
}

/** Days lie between the block and the rest. */
export function purge(who: Person): WorldStep[] {
  return [
    blocks(who),
    removesVerification(who),
    removesAccount(who),
    removesHandle(who),
    removesDocument(who),
    removesUser(who),
  ];
}
