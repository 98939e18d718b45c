/** Looks on at every write as it takes effect: what must not happen is noticed at once, and what did happen is kept. */
import { createHash } from 'node:crypto';
import type { TransferPart } from '../../../src/events/data/transfer.ts';
import type { Removable } from '../../../src/events/resources.ts';
import type { Code, Did, UserKey } from '../../../src/identity.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import type { StoredAccount } from '../../support/in-memory/accounts.ts';
import type { StoredUser } from '../../support/in-memory/documents.ts';
import { all, saveMap } from '../../support/in-memory/kept.ts';
import type { Point } from '../model/ports.ts';
import type { World } from '../model/world.ts';
import { type Effect, isTold, unexplained } from './effects.ts';
import { judge, judgeCode, type Write } from './judge.ts';
import { hearing, type Known, learning, NOTHING_KNOWN, type Observation } from './knowledge.ts';
import { removalFlaws } from './removals.ts';
import { Settled } from './settled.ts';
import { type Grant, grantsTo, replacedBy, takenTwice, unallowed } from './transfers.ts';

function writeOf({ method }: Point, before: StoredUser | undefined, after: StoredUser | undefined): Write {
  if (before === undefined) return { what: 'document', isNew: true, name: method };
  const isRecorded = before.account === undefined && after?.account !== undefined;
  return { what: isRecorded ? 'record' : 'document', isNew: isRecorded, name: method };
}

export class Watch {
  readonly violations: string[] = [];
  /** Writes that changed something. */
  effects = 0;
  /** Effects that no event tells of yet. */
  untold: readonly Effect[] = [];
  /** Every code that the log gave a user. */
  readonly codes = new Map<UserKey, ReadonlySet<Code>>();
  /** What Concord can know was there. */
  readonly known = new Map<UserKey, Known>();
  /** For whom our processes created an account. */
  readonly made = new Map<Did, UserKey>();
  readonly settled: Settled;
  /** Outward effects that were asked for, those that arrived after the lease, and those decided on too little. */
  readonly outwards = { asked: 0, late: 0, stale: 0 };
  /** How often the rules of writes and of conditions were held against something. */
  readonly judged = { writes: 0, rests: 0 };
  readonly #world: World;
  readonly #people: readonly Person[];
  #read = 0;

  constructor(world: World, people: readonly Person[]) {
    this.#world = world;
    this.#people = people;
    this.settled = new Settled(world);
  }

  save(): () => void {
    const { effects, untold } = this;
    const read = this.#read;
    const restore = all([saveMap(this.codes), saveMap(this.known), saveMap(this.made), this.settled.save()]);
    return () => {
      restore();
      this.violations.length = 0;
      this.effects = effects;
      this.untold = untold;
      this.#read = read;
    };
  }

  /** Reads what the log has been told since it was last read. */
  read(): void {
    const { log } = this.#world;
    const fresh = log.since(this.#read);
    this.#read += fresh.length;
    for (const event of fresh) {
      if (event.user !== null) this.known.set(event.user, learning(this.knownOf(event.user), event));
      if (event.user !== null) this.violations.push(...takenTwice(event, log.eventsOf(event.user)));
      // A code that another user has taken is this user's no more.
      const isGiven = event.type === 'transfer.closed' && event.data.because === 'taken';
      if (isGiven && event.data.what.includes('code') && event.user !== null) this.codes.delete(event.user);
      if (event.type === 'code.assigned' && event.user !== null) {
        const codes = this.codes.get(event.user);
        if (codes?.has(event.data.code) !== true)
          this.codes.set(event.user, new Set([...(codes ?? []), event.data.code]));
      }
    }
    this.violations.push(...unexplained(fresh, log));
    if (this.untold.length > 0)
      this.untold = this.untold.filter((effect) => !isTold(effect, log.eventsOf(effect.user)));
  }

  knownOf(user: UserKey): Known {
    return this.known.get(user) ?? NOTHING_KNOWN;
  }

  /** What a process has read that came to its end. */
  saw(user: UserKey, sight: Observation): void {
    this.known.set(user, sight.addTo(this.knownOf(user)));
  }

  /** Told by the change stream, whether the log has it or not. */
  heard(user: UserKey, what: Removable, at: Date): void {
    this.known.set(user, hearing(this.knownOf(user), what, at));
  }

  outward(objections: readonly string[], isLate: boolean): void {
    this.outwards.asked += 1;
    if (isLate) this.outwards.late += 1;
    if (objections.length > 0) this.outwards.stale += 1;
    this.violations.push(...objections);
  }

  #happened(effect: Effect): void {
    this.effects += 1;
    if (effect.type !== 'other') this.untold = [...this.untold, effect];
  }

  write(
    point: Point,
    invoke: () => Promise<unknown>,
    args: readonly unknown[],
    user: UserKey | undefined,
    sight: Observation | undefined,
  ): Promise<unknown> {
    if (point.port === 'accounts') return this.#onAccounts(point, invoke, args[0] as Did, user, sight);
    if (point.port === 'documents')
      return this.#onDocuments(point, invoke, args[0] as UserKey, args[1] as Did, user, sight);
    return invoke();
  }

  #judge(write: Write, user: UserKey | undefined, sight: Observation | undefined): void {
    if (user === undefined || sight === undefined) return;
    this.judged.writes += 1;
    this.violations.push(...judge(write, sight));
  }

  #onDocuments(
    point: Point,
    invoke: () => Promise<unknown>,
    user: UserKey,
    did: Did,
    actor: UserKey | undefined,
    sight: Observation | undefined,
  ): Promise<unknown> {
    const { users, verifications, handles } = this.#world.documents;
    const before = users.get(user);
    const countBefore = verifications.get(user);
    const handleBefore = handles.get(user);
    if (point.method === 'dropAccount') this.#onMoved(point, did, sight);
    if (point.method === 'dropAccount') sight?.removedAccount();
    const answer = invoke();
    const after = users.get(user);
    const count = verifications.get(user);
    const isChanged = after !== before || count !== countBefore || handles.get(user) !== handleBefore;
    if (isChanged && actor !== undefined && actor !== user)
      this.violations.push(`W9: ${point.method} changed the documents of another user`);
    if (handles.get(user) !== handleBefore) this.#onRow(user, handleBefore, handles.get(user), sight);
    if (count !== countBefore) {
      this.#judge(
        { what: 'verification', isNew: countBefore === undefined, name: point.method },
        user,
        sight,
      );
      this.#onCount(user, countBefore, count);
    }
    if (after !== before) {
      if (point.method !== 'dropAccount') this.#judge(writeOf(point, before, after), user, sight);
      if (sight !== undefined && before?.code === undefined && after?.code !== undefined)
        this.violations.push(...judgeCode(user, after.code, sight, users));
      this.#onDocument(user, before, after);
    }
    return answer;
  }

  #onCount(user: UserKey, before: number | undefined, after: number | undefined): void {
    if ((after ?? -1) < (before ?? -1)) this.violations.push('a verification was lowered');
    this.#happened({ user, type: 'verification', value: String(after) });
  }

  #onDocument(user: UserKey, before: StoredUser | undefined, after: StoredUser | undefined): void {
    if (after === undefined) this.violations.push('a document was taken away');
    if (before?.code !== undefined && after?.code !== before.code) {
      const isReleased =
        after?.code === undefined
          ? this.#unallowed('code', ({ from, granted }) => from === user && granted.code === before.code)
          : ['a code was changed'];
      this.violations.push(...isReleased);
    }
    const [didBefore, didAfter] = [before?.account?.did, after?.account?.did];
    if (didBefore !== undefined && didAfter !== undefined && didAfter !== didBefore)
      this.violations.push(
        ...this.#unallowed(
          'account',
          ({ to, granted }) => to === user && granted.account === didAfter && granted.replaces === didBefore,
        ),
      );
    const maker = didAfter === undefined || didAfter === didBefore ? undefined : this.made.get(didAfter);
    if (didAfter !== undefined && maker !== undefined && maker !== user) {
      this.made.set(didAfter, user);
      this.violations.push(
        ...this.#unallowed('account', ({ to, granted }) => to === user && granted.account === didAfter),
      );
    }
    if (before?.code === undefined && after?.code !== undefined)
      this.#happened({ user, type: 'document', value: after.code });
    else this.#happened({ user, type: 'other', value: 'document' });
  }

  /** The row of `@handles` is the platform's: we move it in a transfer, and put back what we removed. */
  #onRow(
    user: UserKey,
    before: string | undefined,
    after: string | undefined,
    sight: Observation | undefined,
  ): void {
    const name = after ?? before;
    const isOfUser = ({ from, to, granted }: Grant): boolean =>
      granted.handle === name && (from === user || (to === user && after !== undefined));
    this.violations.push(...this.#unallowed('handle', isOfUser));
    if (
      after !== undefined &&
      [...this.#world.documents.handles.values()].filter((one) => one === after).length > 1
    )
      this.violations.push('transfer: a handle is that of two users');
    const isTaken =
      after !== undefined &&
      grantsTo(this.#world, user).some(
        ({ untaken, granted }) => untaken.has('handle') && granted.handle === after,
      );
    if (isTaken && sight?.refusal !== undefined)
      this.violations.push(`W3: a handle was taken for a user who was read as ${sight.refusal}`);
  }

  #unallowed(part: TransferPart, isMeant: (grant: Grant) => boolean): string[] {
    return unallowed(this.#world, this.#people, part, isMeant);
  }

  #onAccounts(
    point: Point,
    invoke: () => Promise<unknown>,
    did: Did,
    user: UserKey | undefined,
    sight: Observation | undefined,
  ): Promise<unknown> {
    if (point.method === 'createAccount') return this.created(invoke, user, sight);
    const { stored } = this.#world.accounts;
    const before = stored.get(did);
    if (point.method === 'deleteAccount') sight?.removedAccount();
    const answer = invoke();
    const after = stored.get(did);
    if (before !== undefined && after !== before) {
      if (user !== undefined && !this.#isOwn(user, did))
        this.violations.push(`W9: ${point.method} changed an account of another user`);
      this.#onMoved(point, did, sight);
      const isRenamed = after !== undefined && after.handle !== before.handle;
      const isChanged = isRenamed || (after !== undefined && after.email !== before.email);
      const name = this.#isGivenUp(point, user) ? 'gives up' : point.method;
      if (isChanged) this.#judge({ what: 'account', isNew: false, name }, user, sight);
      this.#onAccount(user, before, after);
    }
    return answer;
  }

  /** A deleted user's account that stays gives up its handle to another user. */
  #isGivenUp({ method }: Point, user: UserKey | undefined): boolean {
    if (method !== 'changeHandle' || user === undefined) return false;
    return this.#unallowed('handle', ({ from }) => from === user).length === 0;
  }

  /** By the users document, the log, an intent of ours, or a person's decision. */
  #isOwn(user: UserKey, did: Did): boolean {
    const { account, sights, adoption } = this.#world.factsOf(user);
    const named = this.#world.documents.users.get(user)?.account?.did;
    const own = [named, account?.did, sights.record, sights.account, adoption?.did, this.knownOf(user).did];
    return own.includes(did) || this.made.get(did) === user || this.#isIntended(user, did);
  }

  #isIntended(user: UserKey, did: Did): boolean {
    const { intent } = this.#world.factsOf(user);
    const code = this.#world.accounts.stored.get(did)?.inviteCode;
    return code !== undefined && createHash('sha256').update(code).digest('hex') === intent?.inviteHash;
  }

  /** What is here of an account that was seen to have moved to another PDS is left as it is. */
  #onMoved({ method }: Point, did: Did, sight: Observation | undefined): void {
    if (sight?.hasMoved(did) === true) this.violations.push(`an account that moved was touched: ${method}`);
  }

  created(
    invoke: () => Promise<unknown>,
    user: UserKey | undefined,
    sight?: Observation | undefined,
  ): Promise<unknown> {
    const { stored } = this.#world.accounts;
    const { size } = stored;
    const answer = invoke();
    const created = [...stored.keys()].at(-1);
    if (stored.size > size && created !== undefined) {
      if (sight?.isMigrated === true) this.violations.push('an account that moved was replaced');
      if (user !== undefined) this.made.set(created, user);
      this.#judge({ what: 'account', isNew: true, name: 'createAccount', did: created }, user, sight);
      this.#happened({ user, type: 'created', value: created });
    }
    return answer;
  }

  #onAccount(user: UserKey | undefined, before: StoredAccount, after: StoredAccount | undefined): void {
    if (after === undefined) {
      this.#happened({ user, type: 'deleted', value: before.did });
      const isRemnant = !before.hasRepo && this.#world.settings.policy.remnant === 'recreate';
      if (!isRemnant) this.violations.push(...removalFlaws(this.#world, user, 'delete'));
      return;
    }
    if (after.handle !== before.handle)
      this.#happened({ user, type: 'handle', value: after.handle, did: after.did });
    if (after.email !== before.email)
      this.#happened({ user, type: 'email', value: after.email ?? 'none', did: after.did });
    if (after.password !== before.password) this.#happened({ user, type: 'other', value: 'password' });
    if (after.status === before.status) return;
    if (after.status === 'active') this.#happened({ user, type: 'reactivated', value: after.did });
    else this.#happened({ user, type: 'deactivated', value: after.did, did: after.did });
    const isReplaced = replacedBy(this.#world, this.#people).includes(after.did);
    if (after.status === 'deactivated' && !isReplaced) this.#onDeactivation(user);
  }

  #onDeactivation(user: UserKey | undefined): void {
    if (user === undefined) return;
    const facts = this.#world.factsOf(user);
    if (facts.auth0?.blocked === true && this.#world.settings.policy.blocked === 'deactivate') return;
    this.violations.push(...removalFlaws(this.#world, user, 'deactivate'));
  }
}
