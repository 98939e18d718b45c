/**
 * What `doctor` needs to see from outside, beside the ports: how the other systems are set up rather than what
 * they hold. Everything here reads, and throws `UpstreamError` when the upstream cannot be reached.
 */
import type { Did, UserKey } from '../identity.ts';
import type { LogStream } from './auth0.ts';
import type { IndexState, WantedIndex } from './documents.ts';

/** An answer's own time, and how far it lies from ours. */
export interface SeenClock {
  /** Positive where their clock is ahead of ours; milliseconds. Undefined where the answer has no time. */
  readonly aheadMs: number | undefined;
}

/** What is left of a limit, as one answer reported it. */
export interface Quota {
  readonly limit: number;
  readonly remaining: number;
  readonly resetInMs: number | undefined;
}

// ── MongoDB ──

export interface MongodbServer extends SeenClock {
  readonly version: string;
  /** Undefined for a server that is in none. */
  readonly replicaSet: string | undefined;
  /** A router in front of a cluster, whose shards are replica sets. */
  readonly isRouter: boolean;
  /** That hold data. */
  readonly members: number;
}

/** An action on a collection of the configured database; without a collection, on the database. */
export interface Privilege {
  readonly collection: string | undefined;
  readonly action: string;
}

export interface IndexDetail extends IndexState {
  readonly sparse: boolean;
  readonly collated: boolean;
}

/** One value that several documents share. */
export interface SharedValue {
  /** As text; `none` for documents without the field, which a unique index takes for one value. */
  readonly value: string;
  readonly documents: number;
  /** The `_id` of some of them. */
  readonly some: readonly string[];
}

export interface MongodbInspection {
  server(): Promise<MongodbServer>;
  /** Whether a majority confirms within so many milliseconds. Writes nothing into any collection. */
  majorityConfirms(timeoutMs: number): Promise<boolean>;
  /** Whether what is acknowledged is on disk; undefined where the user may not see that. */
  isJournaled(): Promise<boolean | undefined>;
  /** Those of these that the user lacks; undefined where the server has no authentication. */
  lacking(needed: readonly Privilege[]): Promise<readonly Privilege[] | undefined>;
  /** Collections whose default collation is not simple; undefined where the user may not see that. */
  collated(): Promise<readonly { readonly name: string; readonly locale: string }[] | undefined>;
  indexes(collection: WantedIndex['collection']): Promise<readonly IndexDetail[]>;
  /** What keeps a unique index from being created, up to a limit. */
  sharedValues(index: WantedIndex, limit: number): Promise<readonly SharedValue[]>;
  /** The handles of accounts as documents have them, up to a limit. */
  accountHandles(limit: number): Promise<readonly string[]>;
}

/** What `doctor --fix` is handed, and nothing else that writes. Each may be repeated. */
export interface IndexRepair {
  /** A unique one. Throws INDEX_DUPLICATES when documents share a value. */
  create(index: {
    readonly collection: WantedIndex['collection'];
    readonly name: string;
    readonly field: string;
    readonly direction: 1 | -1;
    readonly sparse: boolean;
  }): Promise<void>;
  drop(collection: WantedIndex['collection'], name: string): Promise<void>;
}

// ── Auth0 ──

export type Allowed<T> = T | 'forbidden';

export interface InspectedLogStream extends LogStream {
  readonly name: string;
  /** As Auth0 shows it, which may be masked; undefined where it shows none. Secret. */
  readonly authorization: string | undefined;
  /** None: everything is allowed. */
  readonly filters: readonly string[];
  /** Carries a fixed choice of security events, and no sign-ups. */
  readonly isPriority: boolean;
  /** Names, lower-case, of headers that are sent along. */
  readonly headers: readonly string[];
}

export interface InspectedEventStream {
  readonly endpoint: string | undefined;
  readonly isEnabled: boolean;
  readonly types: readonly string[];
}

/** Who answers at the address of a stream. */
export type EndpointAnswer =
  | { readonly by: 'concord' | 'concord-without-tenant' | 'nobody' }
  | { readonly by: 'another'; readonly status: number };

export interface Auth0Inspection {
  /** Fetches a token. The scopes that it was given, where Auth0 says; undefined where it does not. */
  token(): Promise<{ readonly scopes: readonly string[] | undefined }>;
  users(): Promise<Allowed<SeenClock & { readonly quota: Quota | undefined }>>;
  logs(): Promise<Allowed<'readable'>>;
  logStreams(): Promise<Allowed<readonly InspectedLogStream[]>>;
  eventStreams(): Promise<Allowed<readonly InspectedEventStream[]>>;
}

// ── The PDS ──

export interface PdsInspection {
  health(): Promise<SeenClock & { readonly version: string | undefined }>;
  describe(): Promise<{ readonly invitesRequired: boolean; readonly handleDomains: readonly string[] }>;
  /** Whether the administrator's password is taken, and invite codes may be made. Makes none. */
  admin(): Promise<'accepted' | 'refused'>;
  /** What is left of the general limit, with the bypass key if there is one; undefined where our calls are not counted. */
  quota(): Promise<Quota | undefined>;
  /** Whether the PLC directory answers the PDS. Changes nothing. */
  directoryAnswers(handleDomain: string): Promise<boolean>;
  /** Some active accounts whose DIDs a PLC directory has. */
  accounts(limit: number): Promise<readonly Did[]>;
}

export interface PlcInspection {
  /** Whether it is a PLC directory that answers. */
  answers(): Promise<'directory' | 'another'>;
  /** Whether the DID was ever registered in it. */
  has(did: Did): Promise<boolean>;
}

// ── Simulations ──

/** The documents of test users in the platform's database. */
export interface SimulatedUsers {
  /** Those that runs which were killed have left, and those of a run that is under way. */
  keys(): Promise<readonly UserKey[]>;
  /** Removes the documents of one. Throws for any other key. Repeatable. */
  remove(user: UserKey): Promise<void>;
}
