/** The world of a run: the stores as they are, the clock, and what only the oracle may look at. */

import type { EngineSettings, Policy } from '../../../src/engine/reconcile/settings.ts';
import { type ConcordEvent, isDatedByOthers } from '../../../src/events/event.ts';
import type { Facts } from '../../../src/events/facts.ts';
import { fold } from '../../../src/events/fold.ts';
import type { Did, UserKey } from '../../../src/identity.ts';
import { createLogger } from '../../../src/logger.ts';
import type { AccountHost } from '../../../src/ports/accounts.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Eraser } from '../../../src/ports/event-log.ts';
import type { PasswordVault } from '../../../src/ports/passwords.ts';
import { handle, otherTenant, type Person, person } from '../../mongo/subjects/people.ts';
import {
  type InMemoryAccounts,
  inMemoryAccounts,
  type StoredAccount,
} from '../../support/in-memory/accounts.ts';
import { inMemoryDatabaseClock } from '../../support/in-memory/database-clock.ts';
import { type InMemoryDirectory, inMemoryDirectory } from '../../support/in-memory/directory.ts';
import {
  type InMemoryDocuments,
  inMemoryDocuments,
  type StoredUser,
} from '../../support/in-memory/documents.ts';
import { inMemoryEraser } from '../../support/in-memory/eraser.ts';
import { type InMemoryEventLog, inMemoryEventLog } from '../../support/in-memory/event-log.ts';
import { type InMemoryIgnored, inMemoryIgnored } from '../../support/in-memory/ignored.ts';
import {
  type InMemoryInactiveAccounts,
  inMemoryInactiveAccounts,
} from '../../support/in-memory/inactive-accounts.ts';
import { type InMemoryClients, inMemoryClients } from '../../support/in-memory/independent.ts';
import { all, saveMap, saveSet } from '../../support/in-memory/kept.ts';
import { type SeededRandom, seededRandom } from '../../support/in-memory/random.ts';
import { inMemoryRejects } from '../../support/in-memory/rejects.ts';
import { type InMemoryReservations, inMemoryReservations } from '../../support/in-memory/reservations.ts';
import { type InMemoryRuns, inMemoryRuns } from '../../support/in-memory/runs.ts';
import { type InMemoryWorkQueue, inMemoryWorkQueue } from '../../support/in-memory/work-queue.ts';
import { auth0User, SETTINGS } from '../../support/in-memory/world.ts';
import type { Message } from './platform.ts';
import type { PortName, Ports } from './ports.ts';

export const silent = createLogger({ level: 'silent', pretty: false });
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 2, 1, 12);
export const stranger = person('stranger');

/** A sealed password names its user, so that one which is opened for another is noticed. */
function plainVault(): PasswordVault {
  let passwords = 0;
  return {
    generate: () => {
      passwords += 1;
      return `password-${passwords}`;
    },
    seal: (password, user) => `${user}/${password}`,
    open: (stored, user) => {
      // The platform's own are not sealed.
      if (!stored.includes('/')) return stored;
      if (!stored.startsWith(`${user}/`)) throw new Error('the password was sealed for another user');
      return stored.slice(user.length + 1);
    },
  };
}

/** An account creation that timed out and is still on its way. */
export interface LateCreation {
  readonly atMs: number;
  readonly wanted: Parameters<AccountHost['createAccount']>[0];
  readonly user: UserKey | undefined;
}

/** What is known of a user, and how much of the log has been folded into it. */
interface Folded {
  readonly events: number;
  readonly first: ConcordEvent | undefined;
  readonly facts: Facts;
}

export class World {
  readonly log: InMemoryEventLog = inMemoryEventLog();
  readonly documents: InMemoryDocuments = inMemoryDocuments();
  readonly accounts: InMemoryAccounts = inMemoryAccounts();
  readonly inactive: InMemoryInactiveAccounts = inMemoryInactiveAccounts();
  // A page has one user, so that a listing that breaks off has shown some.
  readonly directory: InMemoryDirectory = inMemoryDirectory(undefined, 1);
  readonly otherDirectory: InMemoryDirectory = inMemoryDirectory(undefined, 1);
  readonly queue: InMemoryWorkQueue;
  readonly stores: Ports;
  readonly eraser: Eraser = inMemoryEraser(this.log);
  readonly ignored: InMemoryIgnored = inMemoryIgnored();
  readonly runs: InMemoryRuns = inMemoryRuns();
  readonly independent: InMemoryClients = inMemoryClients();
  readonly reservations: InMemoryReservations = inMemoryReservations();
  readonly clock: Clock;
  readonly random: SeededRandom = seededRandom();
  readonly vault: PasswordVault = plainVault();
  readonly settings: EngineSettings;
  nowMs = START_MS;
  /** Time only goes on. */
  isClockSteady = true;
  /** A system that cannot be reached, or answers with this code, until a moment. */
  outage: { readonly port: PortName; readonly untilMs: number; readonly code: string } | undefined;
  /** Every process dies that makes this call for this user. */
  deadly: { readonly user: UserKey; readonly call: string } | undefined;
  /** Accounts that somebody else made on purpose, and that may belong to nobody. */
  readonly known = new Set<Did>();
  /** DIDs that a late creation left behind. */
  leaked = 0;
  /** Auth0's users as they were before the newest change: what a late list shows. */
  earlier: readonly Auth0User[] = [];
  /** Users who have signed up before. */
  readonly usersOnce = new Set<UserKey>();
  /** What Concord has not been told yet, the oldest first, and how often it was told something. */
  messages: readonly Message[] = [];
  heard = 0;
  /** Users who were deleted outside the scenario: what the scenario changes of them comes to nothing. */
  gone: ReadonlySet<UserKey> = new Set();
  /** How often others than our processes have changed anything. */
  mutations = 0;
  /** What is still on its way, and who sees to its arrival. */
  late: readonly LateCreation[] = [];
  onLanding: (creation: LateCreation) => void = () => undefined;
  readonly #folded = new Map<UserKey, Folded>();
  readonly #foreign: readonly (readonly [Did, StoredAccount])[];
  readonly #foreignDocument: StoredUser;

  constructor(policy: Partial<Policy> = {}, settings: Partial<EngineSettings> = {}, readsLetters = false) {
    this.queue = inMemoryWorkQueue();
    const { queue, subjects } = this.queue;
    const { log, documents, accounts, inactive, directory: auth0, otherDirectory: secondAuth0 } = this;
    if (readsLetters)
      for (const directory of [auth0, secondAuth0])
        directory.usersByEmail = async (text) => directory.listed().filter(({ email }) => email === text);
    this.stores = {
      log,
      queue,
      subjects,
      documents,
      accounts,
      dids: accounts.dids,
      inactive,
      auth0,
      secondAuth0,
      rejects: inMemoryRejects(),
      ignored: this.ignored,
      runs: this.runs,
      reservations: this.reservations,
      databaseClock: inMemoryDatabaseClock(),
      ...this.independent.clients,
    };
    this.clock = {
      now: () => new Date(this.nowMs),
      delay: async () => undefined,
      timer: () => new Promise(() => undefined),
    };
    // However old a read is, no routine entry may hide what another one tells.
    const loginFreshForMs = 10 * 365 * DAY_MS;
    this.settings = { ...SETTINGS, loginFreshForMs, policy: { ...SETTINGS.policy, ...policy }, ...settings };
    accounts.put({ handle: handle('stranger'), email: 'stranger@example.com' });
    accounts.put({ handle: handle('hidden'), email: 'hidden@example.com', status: 'deactivated' });
    this.#foreign = [...accounts.stored];
    this.#foreignDocument = { account: { handle: handle('stranger'), password: 'theirs' } };
    documents.users.set(stranger.user, this.#foreignDocument);
    documents.verifications.set(stranger.user, 5);
  }

  /** Lets time pass to a moment; effects that were on their way arrive. */
  advanceTo(ms: number): void {
    if (ms > this.nowMs) this.nowMs = ms;
    if (this.late.length === 0) return;
    const landing = this.late.filter(({ atMs }) => atMs <= this.nowMs);
    this.late = this.late.filter(({ atMs }) => atMs > this.nowMs);
    for (const creation of landing) {
      this.mutations += 1;
      this.onLanding(creation);
    }
  }

  /** Somebody sets the clock back, and everything that was written is from the future. */
  setBack(ms: number): void {
    this.nowMs -= ms;
    // What is not of our clock ends and comes when it would have.
    if (this.outage !== undefined) this.outage = { ...this.outage, untilMs: this.outage.untilMs - ms };
    this.late = this.late.map((creation) => ({ ...creation, atMs: creation.atMs - ms }));
  }

  /** Everything that the future may depend on. Ids, tokens and passwords go on, so that none is given twice. */
  save(): () => void {
    const { nowMs, outage, deadly, leaked, earlier, late, messages, heard, gone } = this;
    const { log, documents, accounts, inactive, directory, otherDirectory } = this;
    const restore = all([
      ...[log, documents, accounts, inactive, directory, otherDirectory].map((part) => part.save()),
      ...[this.queue, this.runs, this.reservations, this.independent].map((part) => part.save()),
      saveSet(this.known),
      saveSet(this.usersOnce),
      saveMap(this.#folded),
    ]);
    return () => {
      restore();
      Object.assign(this, { nowMs, outage, deadly, leaked, earlier, late, messages, heard, gone });
    };
  }

  /** What the log says of a user. Only what is new is folded, where it is later than all before it. */
  factsOf(user: UserKey): Facts {
    const events = this.log.eventsOf(user);
    const known = this.#folded.get(user);
    const isSame = known === undefined || known.first === events[0];
    if (isSame && known?.events === events.length) return known.facts;
    // Blanked events are others than those that were folded.
    const fresh = known === undefined || !isSame ? [] : events.slice(known.events);
    const newest = known?.facts.newestAt;
    const isLater =
      isSame && newest !== undefined && fresh.every((event) => event.at > newest && !isDatedByOthers(event));
    const facts = isLater ? fold(fresh, known?.facts) : fold(events);
    this.#folded.set(user, { events: events.length, first: events[0], facts });
    return facts;
  }

  directoryOf({ tenant }: Person): InMemoryDirectory {
    return tenant === otherTenant ? this.otherDirectory : this.directory;
  }

  /** Somebody changes in Auth0; lists may go on to show what was before. */
  async change(who: Person, changes: Partial<Auth0User> = {}): Promise<void> {
    this.changeNow(who, changes);
  }

  changeNow(who: Person, changes: Partial<Auth0User> = {}): void {
    if (this.gone.has(who.user)) return;
    const directory = this.directoryOf(who);
    const known = directory.get(who.userId);
    directory.put(known === undefined ? auth0User(who, changes) : { ...known, ...changes });
  }

  /** A user who was deleted and signs up again begins a new life under the same id. */
  async signUp(who: Person, changes: Partial<Auth0User> = {}): Promise<void> {
    const isBack = this.usersOnce.has(who.user) && this.userOf(who) === undefined;
    this.gone = new Set([...this.gone].filter((user) => user !== who.user));
    this.changeNow(who, isBack ? { createdAt: new Date(this.nowMs), ...changes } : changes);
    this.usersOnce.add(who.user);
  }

  /** The user in Auth0, as it is now. */
  userOf(who: Person): Auth0User | undefined {
    return this.directoryOf(who).get(who.userId);
  }

  choose({ user }: Person, name: string | undefined): void {
    if (name === undefined) this.documents.handles.delete(user);
    else this.documents.handles.set(user, name);
  }

  /** An account or a document of somebody else that is not as it was. */
  foreignChanges(): string[] {
    const { accounts, documents } = this;
    const accountsChanged = this.#foreign.filter(([did, account]) => accounts.stored.get(did) !== account);
    return [
      ...accountsChanged.map(([, account]) => `the foreign account ${account.handle} was touched`),
      ...(documents.users.get(stranger.user) === this.#foreignDocument
        ? []
        : ['a foreign document was touched']),
      ...(documents.verifications.get(stranger.user) === 5 ? [] : ['a foreign verification was touched']),
    ];
  }

  isForeign(did: Did): boolean {
    return this.#foreign.some(([other]) => other === did);
  }

  conditionsOf(user: UserKey): Facts['conditions'] {
    return this.factsOf(user).conditions;
  }
}
