/** Every call through a port, and what it does to the other side. */
import type { AccountHost, DidDirectory, InactiveAccounts } from '../../../src/ports/accounts.ts';
import type { Directory } from '../../../src/ports/auth0.ts';
import type { DatabaseClock } from '../../../src/ports/clock.ts';
import type { DocumentStore } from '../../../src/ports/documents.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import type { IgnoredTotals, Rejects } from '../../../src/ports/intake.ts';
import type { WorkQueue } from '../../../src/ports/queue.ts';
import type { Reservations } from '../../../src/ports/reservations.ts';
import type { Runs } from '../../../src/ports/runs.ts';
import type { SubjectReader } from '../../../src/ports/subjects.ts';
import type { Clients } from '../../../src/reconcilers/independent.ts';
import type { CallKind } from './hooks.ts';

/** Everything outside that one process talks to; each client of an independent resource is a port. */
export interface Ports extends Clients {
  readonly log: EventLog;
  readonly queue: WorkQueue;
  readonly subjects: SubjectReader;
  readonly documents: DocumentStore;
  readonly accounts: AccountHost;
  readonly dids: DidDirectory;
  readonly inactive: InactiveAccounts;
  readonly auth0: Directory;
  readonly secondAuth0: Directory;
  readonly rejects: Rejects;
  readonly ignored: IgnoredTotals;
  readonly runs: Runs;
  readonly reservations: Reservations;
  readonly databaseClock: DatabaseClock;
}

type Calls = { readonly [Port in keyof Ports]: { readonly [Method in keyof Ports[Port]]: CallKind } };

const directory = {
  user: 'read',
  usersByEmail: 'read',
  usersByIdentity: 'read',
  everyone: 'stream',
  newest: 'read',
  changedSince: 'stream',
} as const;

/** Complete by its type: a method that is added to a port has to be named here before this compiles. */
export const CALLS: Calls = {
  log: { append: 'write', ofUser: 'read', read: 'stream' },
  queue: {
    markDue: 'write',
    claim: 'write',
    claimUser: 'write',
    renew: 'write',
    complete: 'write',
    skip: 'write',
    showSeen: 'write',
    drop: 'write',
    release: 'write',
    nextDueAt: 'read',
  },
  subjects: {
    marksOf: 'read',
    known: 'read',
    get: 'read',
    read: 'read',
    carriersOf: 'read',
    holdersOfEmail: 'read',
    holdersOfHandle: 'read',
    waitingFor: 'read',
    holdersOfDid: 'read',
    successorsOf: 'read',
    verifiedIn: 'read',
    sistersOf: 'read',
    list: 'stream',
    standings: 'stream',
    open: 'stream',
    backlog: 'read',
  },
  documents: {
    read: 'read',
    indexes: 'read',
    codesInYear: 'read',
    findUsers: 'read',
    namesAmong: 'read',
    owners: 'stream',
    namedDids: 'read',
    storedPassword: 'read',
    replacePassword: 'write',
    createVerification: 'write',
    raiseVerification: 'write',
    createUser: 'write',
    assignCode: 'write',
    keepPendingPassword: 'write',
    recordAccount: 'write',
    dropAccount: 'write',
    recordAccountHandle: 'write',
    storedRecord: 'read',
    replaceAccount: 'write',
    removeCode: 'write',
    handleRow: 'read',
    removeHandleRow: 'write',
    insertHandleRow: 'write',
    createIndex: 'write',
  },
  accounts: {
    account: 'read',
    accounts: 'read',
    repositories: 'stream',
    holderOf: 'read',
    handleDomains: 'read',
    allowsHandle: 'read',
    canLogIn: 'read',
    createInvite: 'write',
    createAccount: 'write',
    changeHandle: 'write',
    changeEmail: 'write',
    setActive: 'write',
    deleteAccount: 'write',
    setPassword: 'write',
  },
  dids: { serviceOf: 'read' },
  inactive: { holdersOf: 'read', listing: 'read', claimListing: 'write', keep: 'write', complete: 'write' },
  auth0: directory,
  secondAuth0: directory,
  rejects: { add: 'write' },
  ignored: { add: 'write', read: 'read' },
  runs: { begin: 'write', beginOnce: 'write', keep: 'write', end: 'write', state: 'read' },
  databaseClock: { aheadMs: 'read' },
  reservations: { find: 'read', ofUser: 'read', all: 'stream', reserve: 'write', release: 'write' },
};
