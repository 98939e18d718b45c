/** What one process has seen of the users it looked at. */
import type { Did, UserKey } from '../../../src/identity.ts';
import { otherTenant, type Person } from '../../mongo/subjects/people.ts';
import type { Point } from '../model/ports.ts';
import type { Run } from '../search/run.ts';
import { Observation } from './knowledge.ts';

export class Observations {
  readonly #run: Run;
  readonly #byUser = new Map<UserKey, Observation>();
  readonly #mutations: number;

  constructor(run: Run) {
    this.#run = run;
    this.#mutations = run.world.mutations;
  }

  of(user: UserKey | undefined): Observation | undefined {
    return user === undefined ? undefined : this.#byUser.get(user);
  }

  /** A read whose answer arrives: it says what is there now. */
  read(point: Point, [first]: readonly unknown[], user: UserKey | undefined): void {
    const { world, watch } = this.#run;
    if (point.name === 'log.ofUser') {
      watch.read();
      this.#of(first as UserKey).readLog(watch.knownOf(first as UserKey));
    } else if (point.name === 'documents.read') {
      for (const one of first as readonly UserKey[]) this.#of(one).readDocuments(world, one);
    } else if (point.method === 'user') {
      const who = this.#person(user);
      const isOwn = who?.userId === first && (who?.tenant === otherTenant) === (point.port === 'secondAuth0');
      if (who !== undefined && isOwn) this.#of(who.user).readUser(world.userOf(who) ?? 'absent');
    } else if (point.name === 'accounts.account' && user !== undefined) {
      const did = first as Did;
      const own = [world.factsOf(user).account?.did, world.documents.users.get(user)?.account?.did];
      const account = world.accounts.stored.get(did);
      this.#of(user).readAccount(did, account !== undefined, own.includes(did));
      this.#of(user).readLocation(did, account?.status !== 'active' && world.accounts.movedDids.has(did));
    } else if (point.name === 'dids.serviceOf' && user !== undefined) {
      this.#of(user).readLocation(first as Did, world.accounts.movedDids.has(first as Did));
    }
  }

  /** The pass has given its lease back, so that all it says is said. */
  ended(user: UserKey | undefined): void {
    const { watch, world } = this.#run;
    const who = this.#person(user);
    if (who === undefined) return;
    watch.read();
    const wasRead = world.conditionsOf(who.user).every(({ status }) => status !== 'Unknown');
    const sight = this.of(who.user);
    if (wasRead && sight !== undefined) watch.saw(who.user, sight);
    watch.settled.ended(who, this.#mutations === world.mutations);
  }

  /** A sweep has come to its end, and all that it has seen is known. */
  all(): void {
    for (const [user, sight] of this.#byUser) this.#run.watch.saw(user, sight);
  }

  #person(user: UserKey | undefined): Person | undefined {
    return this.#run.scenario.people.find((one) => one.user === user);
  }

  #of(user: UserKey): Observation {
    const known = this.#byUser.get(user) ?? new Observation();
    this.#byUser.set(user, known);
    return known;
  }
}
