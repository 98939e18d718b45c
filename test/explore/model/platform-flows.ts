/** What the platform writes, and its flows as a whole, each as steps of one write. */
import { type AccountHandle, type Code, parseAccountHandle } from '../../../src/identity.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import type { StoredAccount } from '../../support/in-memory/accounts.ts';
import type { StoredUser } from '../../support/in-memory/documents.ts';
import {
  blocks,
  change,
  onDocument,
  removesAccount,
  removesDocument,
  removesHandle,
  removesRecord,
  removesUser,
  removesVerification,
  UNTOLD,
  type WorldStep,
} from './platform.ts';
import type { World } from './world.ts';

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
