import type { Clock } from '../clock.ts';
import { DirectoryError, requireUser } from '../directory-error.ts';
import * as entry from '../logs/log-entry.ts';
import type { LogStore } from '../logs/log-store.ts';
import { ALPHANUMERICS, HEX, type Randomness } from '../randomness.ts';
import { completeUser, DATABASE_CONNECTION, isDatabaseUser, type TenantUser } from './user.ts';
import type { UserStore } from './user-store.ts';

/** A verification ticket dies after five days, Auth0's default. */
const TICKET_LIFETIME_MS = 432_000_000;

export interface SignUp {
  readonly email: string;
  readonly password?: string;
  readonly connection?: string;
  readonly username?: string;
  readonly user_metadata?: Record<string, unknown>;
}

export type UserPatch = Partial<Omit<TenantUser, 'user_id' | 'created_at' | 'updated_at' | 'identities'>> & {
  readonly password?: string;
};

export interface DirectoryOptions {
  readonly tenant: string;
  readonly users: UserStore;
  readonly logs: LogStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** The log entries that a deletion can write. */
export type DeletionEntry = 'sapi' | 'sdu';

interface Ticket {
  readonly userId: string;
  readonly email: string | undefined;
  readonly expiresAtMs: number;
}

/** What people and administrators do to users. Each deed changes the store and writes its log entries. */
export class UserDirectory {
  readonly #options: DirectoryOptions;
  readonly #tickets = new Map<string, Ticket>();
  /** Undefined: `sapi` for every user, and `sdu` for a database user as well. */
  deletionEntries: readonly DeletionEntry[] | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** The public sign-up of a database user. Throws user-exists, and then logs `fs`. */
  signUp(request: SignUp): TenantUser {
    const { users, logs, tenant } = this.#options;
    const connection = request.connection ?? DATABASE_CONNECTION;
    const email = request.email.toLowerCase();
    const body = { ...request, email, connection, tenant, password: '*****' };
    if (this.#databaseUser(email, connection)) {
      logs.append(entry.signupRefused(email, body));
      throw new DirectoryError('user-exists', 'The user already exists.');
    }
    const user = this.#databaseProfile({ ...request, email, connection });
    users.put(user);
    logs.append(entry.signedUp(user, body));
    return user;
  }

  /** A user made by an administrator or an application: `sapi`, and no `ss`. Throws user-exists. */
  create(
    profile: UserPatch & { readonly connection: string; readonly id?: string },
    call: entry.ManagementCall,
  ): TenantUser {
    const { connection, id, password: _password, ...rest } = profile;
    const email = rest.email?.toLowerCase();
    if (email !== undefined && this.#databaseUser(email, connection)) {
      throw new DirectoryError('user-exists', 'The user already exists.');
    }
    const user = this.#databaseProfile(
      { ...rest, ...(email === undefined ? {} : { email }), connection },
      id,
    );
    this.#options.users.put(user);
    this.#options.logs.append(entry.managementWritten(call, 201, user));
    return user;
  }

  /** Throws no-such-user, email-taken, not-a-database-user. */
  update(userId: string, patch: UserPatch, call: entry.ManagementCall): TenantUser {
    const { users, logs } = this.#options;
    const before = this.require(userId);
    const { password, ...fields } = patch;
    const email = fields.email?.toLowerCase();
    const changesEmail = email !== undefined && email !== before.email;
    if ((changesEmail || password !== undefined) && !isDatabaseUser(before)) {
      throw new DirectoryError('not-a-database-user', 'The connection must be a database connection.');
    }
    if (changesEmail && this.#databaseUser(email, before.identities[0]?.connection ?? DATABASE_CONNECTION)) {
      throw new DirectoryError('email-taken', 'The specified new email already exists');
    }
    const now = this.#options.clock().toISOString();
    const after: TenantUser = {
      ...before,
      // A new address is unverified until it proves itself, unless the same request says otherwise.
      ...(changesEmail ? { email_verified: false } : {}),
      ...fields,
      ...(email === undefined ? {} : { email }),
      ...(password === undefined ? {} : { last_password_reset: now }),
      updated_at: now,
    };
    users.put(after);
    logs.append(entry.managementWritten(call, 200, after));
    if (changesEmail) logs.append(entry.emailChanged(before, after));
    if (fields.username !== undefined && fields.username !== before.username)
      logs.append(entry.usernameChanged(after));
    if (password !== undefined) logs.append(entry.passwordChanged(after));
    return after;
  }

  /** Deleting an unknown user succeeds too, as in Auth0. */
  remove(userId: string, call: entry.ManagementCall): void {
    const { users, logs, tenant } = this.#options;
    const user = users.byId(userId);
    users.remove(userId);
    // Only database deletions are known to write an entry of their own.
    const usual: readonly DeletionEntry[] =
      user !== undefined && isDatabaseUser(user) ? ['sapi', 'sdu'] : ['sapi'];
    const entries = this.deletionEntries ?? usual;
    if (entries.includes('sapi')) logs.append(entry.managementWritten(call, 204, {}));
    if (user !== undefined && entries.includes('sdu')) logs.append(entry.userDeleted(user, tenant));
  }

  /** The ticket that the verification mail carries: single use, bound to the address it was sent to. */
  issueTicket(userId: string): string {
    const user = this.require(userId);
    const ticket = this.#options.randomness.draw(32, ALPHANUMERICS);
    const expiresAtMs = this.#options.clock().getTime() + TICKET_LIFETIME_MS;
    this.#tickets.set(ticket, { userId, email: user.email, expiresAtMs });
    return ticket;
  }

  /** Throws ticket-refused, and then logs `fv`. */
  verify(ticket: string): TenantUser {
    const { users, logs, clock, tenant } = this.#options;
    const known = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    const user = known === undefined ? undefined : users.byId(known.userId);
    const now = clock();
    if (!known || !user || user.email !== known.email || known.expiresAtMs <= now.getTime()) {
      const reason = known === undefined ? 'This URL can be used only once' : 'Access expired.';
      logs.append(entry.verificationRefused(reason, ticket));
      throw new DirectoryError('ticket-refused', reason);
    }
    const verified = { ...user, email_verified: true, updated_at: now.toISOString() };
    users.put(verified);
    logs.append(entry.emailVerified(verified, ticket, tenant));
    return verified;
  }

  require(userId: string): TenantUser {
    return requireUser(this.#options.users, userId);
  }

  #databaseUser(email: string, connection: string): TenantUser | undefined {
    const sameEmail = this.#options.users.byEmail(email);
    return sameEmail.find((user) => user.identities.some((identity) => identity.connection === connection));
  }

  #databaseProfile(profile: UserPatch & { readonly connection: string }, id?: string): TenantUser {
    const { connection, password: _password, ...fields } = profile;
    const own = id ?? this.#objectId();
    const identity = { connection, provider: 'auth0' as const, user_id: own, isSocial: false };
    return completeUser(
      { ...fields, user_id: `auth0|${own}`, identities: [identity] },
      this.#options.clock(),
    );
  }

  /** 24 hex digits that begin with the time, as the ids of Auth0's own database do. */
  #objectId(): string {
    const seconds = Math.floor(this.#options.clock().getTime() / 1000);
    return seconds.toString(16).padStart(8, '0') + this.#options.randomness.draw(16, HEX);
  }
}
