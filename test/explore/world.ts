/** The world of one run: the stores as they are, the clock, and what only the oracle may look at. */
import type { EngineSettings, Policy } from '../../src/engine/settings.ts';
import { type Facts, fold } from '../../src/events/fold.ts';
import type { Auth0UserId, Did, UserKey } from '../../src/identity.ts';
import { createLogger } from '../../src/logger.ts';
import type { Auth0User, Clock, PasswordVault, Random } from '../../src/ports.ts';
import { handle, otherTenant, type Person, person } from '../mongo/people.ts';
import {
  type InMemoryAccounts,
  inMemoryAccounts,
  type StoredAccount,
} from '../support/in-memory/accounts.ts';
import { type InMemoryDirectory, inMemoryDirectory } from '../support/in-memory/directory.ts';
import {
  type InMemoryDocuments,
  inMemoryDocuments,
  type StoredUser,
} from '../support/in-memory/documents.ts';
import { type InMemoryEventLog, inMemoryEventLog } from '../support/in-memory/event-log.ts';
import { seededRandom } from '../support/in-memory/random.ts';
import { inMemoryRejects } from '../support/in-memory/rejects.ts';
import { inMemoryRuns } from '../support/in-memory/runs.ts';
import { inMemoryWorkQueue } from '../support/in-memory/work-queue.ts';
import { auth0User, SETTINGS } from '../support/in-memory/world.ts';
import type { PortName, Ports } from './ports.ts';

export const silent = createLogger({ level: 'silent', pretty: false });
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
      if (!stored.startsWith(`${user}/`)) throw new Error('the password was sealed for somebody else');
      return stored.slice(user.length + 1);
    },
  };
}

export class World {
  readonly log: InMemoryEventLog = inMemoryEventLog();
  readonly documents: InMemoryDocuments = inMemoryDocuments();
  readonly accounts: InMemoryAccounts = inMemoryAccounts();
  readonly directory: InMemoryDirectory = inMemoryDirectory();
  readonly otherDirectory: InMemoryDirectory = inMemoryDirectory();
  readonly stores: Ports;
  readonly clock: Clock;
  readonly random: Random = seededRandom();
  readonly vault: PasswordVault = plainVault();
  readonly settings: EngineSettings;
  nowMs = START_MS;
  /** A system that cannot be reached, or answers with this code, until a moment. */
  outage: { readonly port: PortName; readonly untilMs: number; readonly code: string } | undefined;
  /** Accounts that somebody else made on purpose, and that may belong to nobody. */
  readonly known = new Set<Did>();
  /** DIDs that a late creation left behind. */
  leaked = 0;
  /** Auth0's users as they are, for the oracle. */
  readonly usersNow = new Map<Auth0UserId, Auth0User>();
  /** Auth0's users as they were before the newest change: what a late list shows. */
  earlier: readonly Auth0User[] = [];
  /** Effects that are still on their way. */
  #late: { readonly atMs: number; land(): void }[] = [];
  readonly #foreign: readonly (readonly [Did, StoredAccount])[];
  readonly #foreignDocument: StoredUser;

  constructor(policy: Partial<Policy> = {}, settings: Partial<EngineSettings> = {}) {
    const { queue, subjects } = inMemoryWorkQueue();
    const { log, documents, accounts, directory: auth0, otherDirectory: secondAuth0 } = this;
    this.stores = {
      log,
      queue,
      subjects,
      documents,
      accounts,
      auth0,
      secondAuth0,
      rejects: inMemoryRejects(),
      runs: inMemoryRuns(),
    };
    this.clock = { now: () => new Date(this.nowMs), delay: async () => undefined };
    this.settings = { ...SETTINGS, policy: { ...SETTINGS.policy, ...policy }, ...settings };
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
    if (this.#late.length === 0) return;
    const landing = this.#late.filter(({ atMs }) => atMs <= this.nowMs);
    this.#late = this.#late.filter(({ atMs }) => atMs > this.nowMs);
    for (const { land } of landing) land();
  }

  landLater(afterMs: number, land: () => void): void {
    this.#late.push({ atMs: this.nowMs + afterMs, land });
  }

  directoryOf({ tenant }: Person): InMemoryDirectory {
    return tenant === otherTenant ? this.otherDirectory : this.directory;
  }

  /** Somebody changes in Auth0; lists may go on to show what was before. */
  async change(who: Person, changes: Partial<Auth0User> = {}): Promise<void> {
    const directory = this.directoryOf(who);
    const known = await directory.user(who.userId);
    directory.put(known === 'absent' ? auth0User(who, changes) : { ...known, ...changes });
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
    return fold(this.log.eventsOf(user)).conditions;
  }
}
