/** Everything a pass touches, in memory, and the least that is needed to run passes over it. */

import { createVault } from '../../../src/credentials/vault.ts';
import { isRoutine } from '../../../src/engine/intake/auth0-log-codes.ts';
import { peopleOf } from '../../../src/engine/intake/people.ts';
import { type SearchedTenant, successorSearch } from '../../../src/engine/reconcile/claims/successors.ts';
import { UsersAtWork } from '../../../src/engine/reconcile/leases/at-work.ts';
import type { LinkedTenant } from '../../../src/engine/reconcile/linked-user.ts';
import {
  type ReconcileDeps,
  type ReconciledTenant,
  type ReconciliationResult,
  reconcile,
} from '../../../src/engine/reconcile/reconcile.ts';
import type { EngineSettings, Policy } from '../../../src/engine/reconcile/settings.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { type AccountHandle, eventId, type TenantId, type UserKey } from '../../../src/identity.ts';
import { createLogger } from '../../../src/logger.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import type { Random } from '../../../src/ports/clock.ts';
import type { PasswordVault } from '../../../src/ports/passwords.ts';
import type { Runs } from '../../../src/ports/runs.ts';
import { handle, otherTenant, type Person, tenant } from '../../mongo/subjects/people.ts';
import { type VirtualClock, virtualClock } from '../virtual-clock.ts';
import { type InMemoryAccounts, inMemoryAccounts } from './accounts.ts';
import { type InMemoryDatabaseClock, inMemoryDatabaseClock } from './database-clock.ts';
import { type InMemoryDirectory, inMemoryDirectory } from './directory.ts';
import { type InMemoryDocuments, inMemoryDocuments } from './documents.ts';
import { type InMemoryEventLog, inMemoryEventLog } from './event-log.ts';
import type { Hooks } from './hooks.ts';
import { type InMemoryInactiveAccounts, inMemoryInactiveAccounts } from './inactive-accounts.ts';
import { inMemoryClients } from './independent.ts';
import { seededRandom } from './random.ts';
import { type InMemoryReservations, inMemoryReservations } from './reservations.ts';
import { inMemoryRuns } from './runs.ts';
import { type InMemoryWorkQueue, inMemoryWorkQueue } from './work-queue.ts';

export const SETTINGS: EngineSettings = {
  concurrency: 4,
  leaseMs: 60_000,
  maxLeaseMs: 600_000,
  pollMs: 1_000,
  freshForMs: 2_000,
  loginFreshForMs: 86_400_000,
  backoff: { firstMs: 1_000, factor: 2, maxMs: 3_600_000, jitter: 0.2 },
  quarantineAfter: 10,
  settleMs: 45_000,
  refusalRetryMs: 86_400_000,
  recheckMs: 86_400_000,
  listInactiveMs: 600_000,
  policy: {
    observeOnly: false,
    remnant: 'report',
    linked: 'report',
    blocked: 'report',
    removal: 'report',
    removalGraceMs: 86_400_000,
  },
};

export const SECOND_TENANTS_TAG = 'second';

/** A tenant that is linked with another one has its id as its tag. */
export function firstTenantsTag(areLinked: boolean): string | undefined {
  return areLinked ? tenant : undefined;
}

export interface World extends Pick<InMemoryWorkQueue, 'queue' | 'subjects' | 'readModel'> {
  readonly clock: VirtualClock;
  readonly databaseClock: InMemoryDatabaseClock;
  readonly random: Random;
  readonly log: InMemoryEventLog;
  readonly documents: InMemoryDocuments;
  readonly accounts: InMemoryAccounts;
  readonly inactive: InMemoryInactiveAccounts;
  readonly vault: PasswordVault;
  readonly directory: InMemoryDirectory;
  readonly otherDirectory: InMemoryDirectory;
  readonly runs: Runs;
  readonly reservations: InMemoryReservations;
  readonly deps: ReconcileDeps;
  /** Around every call of every port; set and cleared by tests. */
  readonly hooks: Hooks;
}

export interface WorldOptions {
  readonly settings?: Partial<EngineSettings>;
  readonly policy?: Partial<Policy>;
  readonly refusesEmail?: (email: string) => boolean;
  /** The two tenants are sisters. */
  readonly areLinked?: boolean;
}

/** Two tenants: the users of the second one have a key prefix and a tag for taken addresses; those of both, if linked. */
export function createWorld(options: WorldOptions = {}): World {
  const { settings = {}, policy = {}, areLinked = false, ...accountOptions } = options;
  const hooks: Hooks = {};
  const clock = virtualClock();
  const databaseClock = inMemoryDatabaseClock(hooks);
  const random = seededRandom();
  const log = inMemoryEventLog(hooks);
  const { queue, subjects, readModel } = inMemoryWorkQueue(hooks);
  const documents = inMemoryDocuments(hooks);
  const reservations = inMemoryReservations(hooks);
  const accounts = inMemoryAccounts(hooks, accountOptions);
  const inactive = inMemoryInactiveAccounts(hooks);
  const directory = inMemoryDirectory(hooks);
  const otherDirectory = inMemoryDirectory(hooks);
  const vault = createVault({ storage: 'sealed', keys: `k1:${Buffer.alloc(32, 7).toString('base64')}` });
  const first: LinkedTenant & SearchedTenant = { id: tenant, keyPrefix: '', directory };
  const second: LinkedTenant & SearchedTenant = {
    ...{ id: otherTenant, keyPrefix: `${otherTenant}-`, directory: otherDirectory },
  };
  const deps: ReconcileDeps = {
    log,
    queue,
    subjects,
    successors: successorSearch(subjects, [first, second]),
    documents,
    reservations,
    accounts,
    inactive,
    people: peopleOf([first, second]),
    dids: accounts.dids,
    vault,
    clients: inMemoryClients(hooks).clients,
    tenants: new Map<TenantId, ReconciledTenant>([
      [
        tenant,
        { directory, emailTag: firstTenantsTag(areLinked), ...(areLinked ? { linkedTenant: second } : {}) },
      ],
      [
        otherTenant,
        {
          directory: otherDirectory,
          emailTag: SECOND_TENANTS_TAG,
          ...(areLinked ? { linkedTenant: first } : {}),
        },
      ],
    ]),
    handleDomain: async () => (await accounts.handleDomains())[0] ?? accounts.domain,
    atWork: new UsersAtWork(),
    // What a test holds up is the whole process, or a process that died: no timer of it rings.
    clock: { ...clock, timer: () => new Promise(() => undefined) },
    databaseClock,
    random,
    logger: createLogger({ level: 'silent', pretty: false }),
    settings: { ...SETTINGS, policy: { ...SETTINGS.policy, ...policy }, ...settings },
  };
  return {
    clock,
    databaseClock,
    random,
    log,
    queue,
    readModel,
    subjects,
    documents,
    accounts,
    inactive,
    vault,
    directory,
    otherDirectory,
    runs: inMemoryRuns(hooks),
    reservations,
    deps,
    hooks,
  };
}

// ── What happens to people ──

/** What Auth0 says of somebody who has signed up and verified their email, unless said otherwise. */
export function auth0User({ userId }: Person, changes: Partial<Auth0User> = {}): Auth0User {
  const name = userId.slice(userId.indexOf('|') + 1);
  const createdAt = new Date('2026-03-01T11:59:58Z');
  return { userId, email: `${name}@example.com`, emailVerified: true, blocked: false, createdAt, ...changes };
}

/** Puts the user into Auth0 and lets the webhook tell of it. */
export async function signUp(world: World, who: Person, changes: Partial<Auth0User> = {}): Promise<void> {
  const directory = who.tenant === tenant ? world.directory : world.otherDirectory;
  directory.put(auth0User(who, changes));
  await arrive(world, who);
}

/** A log entry of Auth0 about the user: into the log, then due. */
export async function arrive(world: World, who: Person, code = 'ss'): Promise<void> {
  const now = world.clock.now();
  const logId = String(world.log.events.length);
  const event: ConcordEvent = {
    _id: eventId(`${who.tenant}:${logId}`),
    user: who.user,
    tenant: who.tenant,
    type: 'auth0.log-received',
    at: now,
    recordedAt: now,
    cause: [],
    data: { logId, code, hint: null, raw: '{}' },
  };
  await world.log.append([event]);
  await world.queue.markDue([{ ...who, cause: event._id, isRoutine: isRoutine(code) }], now, 'trigger');
}

/** The platform gives the user this handle. */
export function choose(world: World, who: Person, name: string): void {
  world.documents.handles.set(who.user, name);
}

// ── Passes ──

/** One pass over a user who is due now. Throws what the pass throws, as the workers would see it. */
export async function pass(world: World): Promise<ReconciliationResult> {
  const lease = await world.queue.claim(world.clock.now(), world.deps.settings.leaseMs);
  if (lease === undefined) throw new Error('Nobody is due.');
  return reconcile(world.deps, lease);
}

/** A pass that nobody asked for, whether the user is due or not. */
export async function reconcileUser(world: World, who: Person): Promise<ReconciliationResult> {
  const lease = await world.queue.claimUser(who, world.clock.now(), world.deps.settings.leaseMs);
  if (lease === undefined) throw new Error('Somebody holds the lease.');
  return reconcile(world.deps, lease);
}

/** Passes until nobody waits any more, with time going on to whenever somebody becomes due. */
export async function untilQuiet(world: World, limit = 30): Promise<ReconciliationResult[]> {
  const results: ReconciliationResult[] = [];
  for (;;) {
    const next = await world.queue.nextDueAt();
    if (next === undefined) return results;
    if (results.length >= limit) throw new Error(`Still due after ${limit} passes.`);
    await world.clock.advance(Math.max(0, next.getTime() - world.clock.now().getTime()));
    results.push(await pass(world));
  }
}

// ── What came of it ──

export function eventsOf(world: World, who: Person): ConcordEvent[] {
  return world.log.events
    .filter(({ user }) => user === who.user)
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

export function typesOf(world: World, who: Person): string[] {
  return eventsOf(world, who).map(({ type }) => type);
}

/** `type reason` of each condition that the read model shows. */
export async function shownConditions(world: World, user: UserKey): Promise<Record<string, string>> {
  const subject = await world.subjects.get(user);
  return Object.fromEntries(
    (subject?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );
}

/** Everything outside that a pass may write, and the log, as values to be compared. */
export function snapshot(world: World) {
  return structuredClone({
    events: world.log.events,
    verifications: world.documents.verifications,
    users: world.documents.users,
    handles: world.documents.handles,
    accounts: world.accounts.stored,
    leaked: world.accounts.leakedDids(),
  });
}

/** What `shownConditions` says of a user for whom nothing is left to do. */
export const WELL = {
  auth0: 'True UserKnown',
  verification: 'True Recorded',
  'user-document': 'True HasCode',
  account: 'True AccountActive',
  handle: 'True PlatformHandle',
};

export function codeHandleOf(world: World, who: Person): AccountHandle {
  return handle(world.documents.users.get(who.user)?.code ?? 'none');
}

/** What the account of this user's document carries on the PDS; the document has to say the same. */
export function carried(world: World, who: Person): string | undefined {
  const did = world.documents.users.get(who.user)?.account?.did;
  const account = did === undefined ? undefined : world.accounts.stored.get(did);
  const recorded = world.documents.users.get(who.user)?.account?.handle;
  if (recorded !== account?.handle)
    throw new Error(`The document says ${recorded}, the PDS ${account?.handle}.`);
  return recorded;
}
