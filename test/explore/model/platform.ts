/** The platform's own programs and people, as steps of one write each. Concord may act before and after each of them. */
import type { Removable } from '../../../src/events/resources.ts';
import type { Did } from '../../../src/identity.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import type { StoredUser } from '../../support/in-memory/documents.ts';
import type { World } from './world.ts';

/** What a change stream can say was removed. */
type Removed = Exclude<Removable, 'account'>;

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

export const UNTOLD: readonly Message[] = [];

function entry(who: Person, code: string): readonly Message[] {
  return [{ type: 'entry', who, code }];
}

export function change(world: World, who: Person, removed: Removed | undefined): readonly Message[] {
  return [{ type: 'change', who, removed, atMs: world.nowMs }];
}

export function onDocument(
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

// ── What the account's owner does ──

/** To another PDS: the DID names that one, and the account here is deactivated. */
export function movesAway(who: Person): WorldStep {
  return onAccount(who, 'moves the account to another PDS', (world, did) => world.accounts.moveAway(did));
}

export function movesBack(who: Person): WorldStep {
  return onAccount(who, 'moves the account back', (world, did) => world.accounts.moveBack(did));
}

function onAccount(who: Person, name: string, does: (world: World, did: Did) => void): WorldStep {
  return {
    name,
    touches: ['accounts', 'documents'],
    isTold: false,
    happens: (world) => {
      const did = world.documents.users.get(who.user)?.account?.did;
      if (did !== undefined) does(world, did);
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
      return entry(who, 'scu');
    },
  };
}

/** Nothing but a login, which is no change and makes the user due. */
export function logsIn(who: Person): WorldStep {
  return { name: 'logs in', touches: [], isTold: true, happens: () => entry(who, 's') };
}
