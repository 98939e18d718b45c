/** The index of the PDS's inactive accounts in memory. */
import type { Did } from '../../../src/identity.ts';
import type { InactiveAccount, InactiveAccounts, InactiveListing } from '../../../src/ports/accounts.ts';
import { CALLS } from './calls.ts';
import { type Hooks, hooked } from './hooks.ts';
import { type Kept, saveMap } from './kept.ts';

export interface StoredInactive extends InactiveAccount {
  readonly seenAt: Date;
}

export interface InMemoryInactiveAccounts extends InactiveAccounts, Kept {
  /** The index itself, for a test to look at. */
  readonly stored: ReadonlyMap<Did, StoredInactive>;
  readonly state: InactiveListing;
}

const NEVER: InactiveListing = { refreshedAt: undefined, begunAt: undefined, nextAt: undefined };

export function inMemoryInactiveAccounts(hooks?: Hooks): InMemoryInactiveAccounts {
  const stored = new Map<Did, StoredInactive>();
  let state = NEVER;
  const index: InMemoryInactiveAccounts = {
    stored,
    get state() {
      return state;
    },
    save() {
      const restore = saveMap(stored);
      const before = state;
      return () => {
        restore();
        state = before;
      };
    },
    async holdersOf(emails, handles) {
      const holders = new Map<string, Did[]>();
      const inOrder = [...stored.values()].sort((a, b) => (a.did < b.did ? -1 : 1));
      for (const { did, email, handle } of inOrder) {
        const names = [...emails.filter((one) => one === email), ...handles.filter((one) => one === handle)];
        for (const name of names) holders.set(name, [...(holders.get(name) ?? []), did]);
      }
      return holders;
    },
    listing: async () => state,
    async claimListing(now, nextAt) {
      if (state.nextAt !== undefined && state.nextAt > now) return false;
      state = { ...state, begunAt: now, nextAt };
      return true;
    },
    async keep(found, seenAt) {
      for (const account of found) {
        const known = stored.get(account.did);
        if (known !== undefined && known.seenAt > seenAt) continue;
        stored.set(account.did, { ...account, email: account.email?.toLowerCase(), seenAt });
      }
    },
    async complete(begunAt) {
      for (const [did, { seenAt }] of [...stored]) if (seenAt < begunAt) stored.delete(did);
      const { refreshedAt } = state;
      if (refreshedAt === undefined || refreshedAt < begunAt) state = { ...state, refreshedAt: begunAt };
    },
  };
  return hooked('inactive', index, CALLS.inactive, hooks);
}
