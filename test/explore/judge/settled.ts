/** Of whom everything is still as their last reconciliation left it, so that all it said has to be true. */
import type { UserKey } from '../../../src/identity.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import { type Kept, saveMap } from '../../support/in-memory/kept.ts';
import type { World } from '../model/world.ts';

/** All that conditions speak of; whatever changes is replaced, so that it is told by its identity. */
type Standing = readonly unknown[];

export class Settled implements Kept {
  readonly #world: World;
  readonly #byUser = new Map<UserKey, Standing>();

  constructor(world: World) {
    this.#world = world;
  }

  save(): () => void {
    return saveMap(this.#byUser);
  }

  /** A reconciliation has ended; `wasAlone` when others changed nothing while it was under way. */
  ended(who: Person, wasAlone: boolean): void {
    if (wasAlone) this.#byUser.set(who.user, standingOf(this.#world, who));
    else this.#byUser.delete(who.user);
  }

  has(who: Person): boolean {
    const settled = this.#byUser.get(who.user);
    if (settled === undefined) return false;
    const now = standingOf(this.#world, who);
    const isSame = settled.every((part, at) => part === now[at]);
    if (!isSame) this.#byUser.delete(who.user);
    return isSame;
  }
}

function standingOf(world: World, who: Person): Standing {
  const { documents, accounts } = world;
  const document = documents.users.get(who.user);
  const { account, sights } = world.factsOf(who.user);
  const did = document?.account?.did ?? account?.did ?? sights.account;
  return [
    world.userOf(who),
    document,
    documents.verifications.get(who.user),
    documents.handles.get(who.user),
    did === undefined ? undefined : accounts.stored.get(did),
    did === undefined ? undefined : accounts.movedDids.get(did),
  ];
}
