/** Every call through a port, by name: the places where a fault can strike. */
import type {
  AccountHost,
  Directory,
  DocumentStore,
  EventLog,
  Rejects,
  Runs,
  SubjectReader,
  WorkQueue,
} from '../../src/ports.ts';
import type { CallKind } from '../support/in-memory/hooks.ts';

/** Everything outside that one process talks to. */
export interface Ports {
  readonly log: EventLog;
  readonly queue: WorkQueue;
  readonly subjects: SubjectReader;
  readonly documents: DocumentStore;
  readonly accounts: AccountHost;
  readonly auth0: Directory;
  readonly secondAuth0: Directory;
  readonly rejects: Rejects;
  readonly runs: Runs;
}

export type PortName = keyof Ports;

/** One method of one port. Compared by identity, so that counting calls costs nothing. */
export interface Point {
  readonly port: PortName;
  readonly method: string;
  readonly kind: CallKind;
  /** `accounts.createAccount` */
  readonly name: string;
}

type Calls = { readonly [Port in PortName]: { readonly [Method in keyof Ports[Port]]: CallKind } };

const directory = {
  user: 'read',
  usersByEmail: 'read',
  everyone: 'stream',
  changedSince: 'stream',
} as const;

/** Complete by its type: a method that is added to a port has to be named here before this compiles. */
const CALLS: Calls = {
  log: { append: 'write', ofUser: 'read', read: 'stream' },
  queue: {
    markDue: 'write',
    claim: 'write',
    claimUser: 'write',
    renew: 'write',
    complete: 'write',
    release: 'write',
    nextDueAt: 'read',
  },
  subjects: {
    get: 'read',
    read: 'read',
    carriersOf: 'read',
    holdersOfEmail: 'read',
    holdersOfDid: 'read',
    sistersOf: 'read',
    list: 'stream',
    standings: 'stream',
    backlog: 'read',
  },
  documents: {
    read: 'read',
    indexes: 'read',
    codesInYear: 'read',
    findUsers: 'read',
    owners: 'stream',
    namedDids: 'read',
    storedPassword: 'read',
    recordVerification: 'write',
    createUser: 'write',
    assignCode: 'write',
    keepPendingPassword: 'write',
    recordAccount: 'write',
    dropAccount: 'write',
    recordAccountHandle: 'write',
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
  auth0: directory,
  secondAuth0: directory,
  rejects: { add: 'write' },
  runs: { begin: 'write', keep: 'write', end: 'write' },
};

function pointsOf(port: PortName): Point[] {
  return Object.entries<CallKind>(CALLS[port]).map(([method, kind]) => ({
    port,
    method,
    kind,
    name: `${port}.${method}`,
  }));
}

const POINTS: readonly (readonly [PortName, readonly Point[]])[] = (
  ['log', 'queue', 'subjects', 'documents', 'accounts', 'auth0', 'secondAuth0', 'rejects', 'runs'] as const
).map((port) => [port, pointsOf(port)]);

/** Whoever stands between a process and its ports. */
export interface Between {
  call(point: Point, invoke: () => Promise<unknown>, args: readonly unknown[]): Promise<unknown>;
  stream(point: Point, invoke: () => AsyncIterable<unknown>): AsyncIterable<unknown>;
}

type Method = (...args: readonly unknown[]) => never;

/** The same ports, with each call led through `between`. */
export function around(ports: Ports, between: Between): Ports {
  const made: Record<string, Record<string, unknown>> = {};
  for (const [port, points] of POINTS) {
    const target = ports[port];
    const wrapped: Record<string, unknown> = {};
    for (const point of points) {
      const method = Reflect.get(target, point.method) as Method;
      wrapped[point.method] =
        point.kind === 'stream'
          ? (...args: readonly unknown[]) => between.stream(point, () => method(...args))
          : (...args: readonly unknown[]) => between.call(point, () => method(...args), args);
    }
    made[port] = wrapped;
  }
  return made as unknown as Ports;
}
