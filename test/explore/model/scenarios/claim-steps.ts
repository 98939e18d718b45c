/** What users do to each other's addresses, handles and identities, as steps of one write each. */
import type { Auth0User } from '../../../../src/ports/auth0.ts';
import type { Person } from '../../../mongo/subjects/people.ts';
import { UNTOLD, type WorldStep } from '../platform.ts';
import type { World } from '../world.ts';

export function ownAddress({ userId }: Person): string {
  return `${userId.slice('auth0|'.length)}@example.com`;
}

export function changesUser(who: Person, changes: Partial<Auth0User>, name: string, code = 'scu'): WorldStep {
  return {
    name,
    touches: ['auth0'],
    isTold: true,
    happens: (world) => {
      if (world.userOf(who) === undefined) return UNTOLD;
      world.changeNow(who, changes);
      return [{ type: 'entry', who, code }];
    },
  };
}

export function changesEmail(who: Person, email: string): WorldStep {
  return changesUser(who, { email }, `${who.user} changes the address to ${email}`, 'sce');
}

export function unverifies(who: Person): WorldStep {
  return changesUser(who, { emailVerified: false }, `the address of ${who.user} is unverified again`);
}

/** A new user of an address that another user has or had. */
export function signsUpNow(who: Person, changes: Partial<Auth0User> = {}, name?: string): WorldStep {
  return {
    name: `${who.user} signs up`,
    touches: ['auth0', 'documents'],
    isTold: true,
    happens: (world) => {
      if (name !== undefined) world.choose(who, name);
      void world.signUp(who, changes);
      return [{ type: 'entry', who, code: 'ss' }];
    },
  };
}

/** Auth0 account linking: the secondary user vanishes, and no entry speaks of a deletion. */
export function linksInto(secondary: Person, primary: Person): WorldStep {
  return {
    name: `${secondary.user} is linked into ${primary.user}`,
    touches: ['auth0'],
    isTold: true,
    happens: (world) => {
      const user = world.userOf(primary);
      if (user === undefined || world.userOf(secondary) === undefined) return UNTOLD;
      const { linked = [] } = user;
      world.changeNow(primary, { linked: [...linked, secondary.userId].sort() });
      world.directoryOf(secondary).remove(secondary.userId);
      return [{ type: 'entry', who: primary, code: 'scu' }];
    },
  };
}

/** An account of a stranger that the PDS does not show, and that has an address or a handle. */
export function hides(
  world: World,
  account: Parameters<World['accounts']['put']>[0],
  status: 'deactivated' | 'takendown' = 'deactivated',
): void {
  world.known.add(world.accounts.put({ ...account, status }));
}
