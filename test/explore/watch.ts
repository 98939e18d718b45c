/** Looks on at every write as it takes effect: what must not happen is noticed at once, and what did happen is kept. */
import { fold } from '../../src/events/fold.ts';
import type { Did, UserKey } from '../../src/identity.ts';
import type { StoredAccount } from '../support/in-memory/accounts.ts';
import type { StoredUser } from '../support/in-memory/documents.ts';
import type { Point } from './ports.ts';
import type { World } from './world.ts';

/** A write that changed something, in the words in which the log has to tell of it. */
export interface Effect {
  readonly user: UserKey | undefined;
  readonly type:
    | 'verification'
    | 'document'
    | 'created'
    | 'handle'
    | 'email'
    | 'deactivated'
    | 'reactivated'
    | 'deleted'
    | 'other';
  readonly value: string;
}

export class Watch {
  readonly effects: Effect[] = [];
  readonly violations: string[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  write(
    point: Point,
    invoke: () => Promise<unknown>,
    args: readonly unknown[],
    user: UserKey | undefined,
  ): Promise<unknown> {
    if (point.port === 'accounts') return this.#onAccounts(point, invoke, args[0] as Did, user);
    if (point.port === 'documents') return this.#onDocuments(invoke, args[0] as UserKey);
    return invoke();
  }

  #onDocuments(invoke: () => Promise<unknown>, user: UserKey): Promise<unknown> {
    const { users, verifications } = this.#world.documents;
    const before = users.get(user);
    const countBefore = verifications.get(user);
    const answer = invoke();
    const after = users.get(user);
    const count = verifications.get(user);
    if (count !== countBefore) this.#onCount(user, countBefore, count);
    if (after !== before) this.#onDocument(user, before, after);
    return answer;
  }

  #onCount(user: UserKey, before: number | undefined, after: number | undefined): void {
    if ((after ?? -1) < (before ?? -1)) this.violations.push('a verification was lowered');
    this.effects.push({ user, type: 'verification', value: String(after) });
  }

  #onDocument(user: UserKey, before: StoredUser | undefined, after: StoredUser | undefined): void {
    if (after === undefined) this.violations.push('a document was taken away');
    if (before?.code !== undefined && after?.code !== before.code) this.violations.push('a code was changed');
    const [didBefore, didAfter] = [before?.account?.did, after?.account?.did];
    if (didBefore !== undefined && didAfter !== undefined && didAfter !== didBefore)
      this.violations.push('a document names another account than before');
    if (before?.code === undefined && after?.code !== undefined)
      this.effects.push({ user, type: 'document', value: after.code });
    else this.effects.push({ user, type: 'other', value: 'document' });
  }

  #onAccounts(
    point: Point,
    invoke: () => Promise<unknown>,
    did: Did,
    user: UserKey | undefined,
  ): Promise<unknown> {
    const { stored } = this.#world.accounts;
    const before = stored.get(did);
    const sizeBefore = stored.size;
    const answer = invoke();
    const after = stored.get(did);
    if (point.method === 'createAccount') {
      if (stored.size === sizeBefore) return answer;
      const created = [...stored.keys()].at(-1);
      this.effects.push({ user, type: 'created', value: created ?? 'none' });
      return answer;
    }
    if (before !== undefined && after !== before) this.#onAccount(user, before, after);
    return answer;
  }

  #onAccount(user: UserKey | undefined, before: StoredAccount, after: StoredAccount | undefined): void {
    if (after === undefined) {
      this.effects.push({ user, type: 'deleted', value: before.did });
      const isRemnant = !before.hasRepo && this.#world.settings.policy.remnant === 'recreate';
      if (!isRemnant) this.#onRemoval(user, 'delete');
      return;
    }
    if (after.handle !== before.handle) this.effects.push({ user, type: 'handle', value: after.handle });
    if (after.email !== before.email)
      this.effects.push({ user, type: 'email', value: after.email ?? 'none' });
    if (after.password !== before.password) this.effects.push({ user, type: 'other', value: 'password' });
    if (after.status === before.status) return;
    if (after.status === 'active') this.effects.push({ user, type: 'reactivated', value: after.did });
    else this.effects.push({ user, type: 'deactivated', value: after.did });
    if (after.status === 'deactivated') this.#onDeactivation(user);
  }

  #onDeactivation(user: UserKey | undefined): void {
    if (user === undefined) return;
    const facts = fold(this.#world.log.eventsOf(user));
    if (facts.auth0?.blocked === true && this.#world.settings.policy.blocked === 'deactivate') return;
    this.#onRemoval(user, 'deactivate');
  }

  /** The rule of removals, said once more and apart from the engine: two proofs, the grace, and a grant. */
  #onRemoval(user: UserKey | undefined, how: 'deactivate' | 'delete'): void {
    const { policy } = this.#world.settings;
    const events = this.#world.log.eventsOf(user).toSorted((a, b) => a.at.getTime() - b.at.getTime());
    let absentMs: number | undefined;
    let [granted, unlisted, seenMs, hintMs] = [false, false, -1, -1];
    for (const event of events) {
      if (event.type === 'auth0.user-observed') [absentMs, granted, unlisted] = [undefined, false, false];
      if (event.type === 'auth0.user-observed') seenMs = event.at.getTime();
      if (event.type === 'auth0.user-absent') absentMs ??= event.at.getTime();
      if (event.type === 'auth0.user-unlisted') unlisted = true;
      if (event.type === 'removal.granted' && absentMs !== undefined) granted = true;
      // By our clock: an entry's own date may be much older than the read that it refutes.
      if (event.type === 'auth0.log-received' && event.data.hint === 'deleted')
        hintMs = Math.max(hintMs, event.recordedAt.getTime());
    }
    const second = unlisted || hintMs > seenMs;
    const lacking = [
      policy.removal === how ? [] : ['the policy'],
      absentMs === undefined ? ['the first proof'] : [],
      second ? [] : ['the second proof'],
      granted ? [] : ['a grant'],
      absentMs !== undefined && this.#world.nowMs >= absentMs + policy.removalGraceMs ? [] : ['the grace'],
    ].flat();
    if (lacking.length > 0) this.violations.push(`an account was removed without ${lacking.join(', ')}`);
  }
}
