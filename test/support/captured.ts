/** A bug report of `concord capture` as a world in memory, in which the same look can be had again. */

import { ownerOf } from '../../src/engine/intake/owner.ts';
import {
  CAPTURE_VERSION,
  type Capture,
  type FailedCall,
} from '../../src/engine/operations/capture/capture-file.ts';
import { dryRun } from '../../src/engine/reconcile/dry-run.ts';
import type { AssessDeps, AssessedTenant } from '../../src/engine/reconcile/read-side.ts';
import { UNSEEN } from '../../src/engine/reconcile/subject-view.ts';
import { UpstreamError } from '../../src/errors.ts';
import type { Successor } from '../../src/ports/subjects.ts';
import type { View } from '../../src/reconcilers/view.ts';
import { inMemoryAccounts } from './in-memory/accounts.ts';
import { inMemoryDirectory } from './in-memory/directory.ts';
import { inMemoryDocuments, type StoredUser } from './in-memory/documents.ts';
import { inMemoryEventLog } from './in-memory/event-log.ts';
import type { Hooks } from './in-memory/hooks.ts';
import { inMemoryInactiveAccounts } from './in-memory/inactive-accounts.ts';
import { inMemoryClients } from './in-memory/independent.ts';
import { inMemoryReservations } from './in-memory/reservations.ts';
import { inMemoryWorkQueue } from './in-memory/work-queue.ts';

/** What only says that there is a password. */
const SOME_PASSWORD = 'sealed';

export interface CapturedWorld {
  readonly deps: AssessDeps;
  readonly tenant: AssessedTenant;
  readonly capture: Capture;
  /** The look that was had when the report was made. */
  look(): Promise<View>;
}

/** Reads the text of a file that `concord capture` wrote. */
export function readCapture(text: string): Capture {
  const capture = JSON.parse(text) as Capture;
  if (capture.format !== 'concord-capture' || capture.version !== CAPTURE_VERSION)
    throw new Error('This is no capture, or one of another version.');
  const { events, seen } = capture;
  return {
    ...capture,
    at: new Date(capture.at),
    events: events.map((event) => ({
      ...event,
      ...{ at: new Date(event.at), recordedAt: new Date(event.recordedAt) },
    })),
    seen: {
      ...seen,
      listing: seen.listing && datesOf(seen.listing),
      users: seen.users.map(({ tenant, user }) => ({
        ...{ tenant, user: { ...user, createdAt: user.createdAt && new Date(user.createdAt) } },
      })),
      reserved: (seen.reserved ?? []).map(({ by, ...value }) => ({
        ...{ ...value, by: { ...by, at: new Date(by.at), until: new Date(by.until) } },
      })),
    },
  };
}

/** JSON has no dates. */
function datesOf(listing: NonNullable<Capture['seen']['listing']>): Capture['seen']['listing'] {
  const { refreshedAt, begunAt, nextAt } = listing;
  const date = (value: Date | undefined) => value && new Date(value);
  return { refreshedAt: date(refreshedAt), begunAt: date(begunAt), nextAt: date(nextAt) };
}

export async function loadCapture(text: string): Promise<CapturedWorld> {
  const capture = readCapture(text);
  const { seen, tenant: own, sister, user, userId, at } = capture;
  const hooks = failing(seen.failed.filter(({ isSisters }) => !isSisters));
  const sisterHooks = failing(seen.failed.filter(({ isSisters }) => isSisters));
  const log = inMemoryEventLog();
  await log.append(capture.events);
  const documents = inMemoryDocuments(hooks);
  layDocuments(documents, capture);
  const accounts = inMemoryAccounts(hooks, seen.domain === undefined ? {} : { domain: seen.domain });
  layAccounts(accounts, capture);
  const directory = inMemoryDirectory(hooks);
  const sistersDirectory = inMemoryDirectory(sisterHooks);
  for (const one of seen.users) (one.tenant === own.id ? directory : sistersDirectory).put(one.user);
  const deps: AssessDeps = {
    clients: inMemoryClients().clients,
    documents,
    accounts,
    dids: accounts.dids,
    subjects: await holders(capture, hooks),
    inactive: await inactive(capture, hooks),
    people: {
      user: async (key) => {
        const failure = seen.failed.find(({ call }) => call === 'user');
        if (failure !== undefined) throw errorOf(failure);
        return seen.people?.find((one) => one.key === key)?.user ?? 'absent';
      },
    },
    successors: {
      known: async () => answered(seen, 'knownSuccessors', seen.successors?.known),
      inAuth0: async () => answered(seen, 'successorsInAuth0', seen.successors?.inAuth0),
    },
    events: log,
    reservations: await reserved(capture, hooks),
    settings: capture.settings,
    databaseClock: {
      aheadMs: async () => {
        const failure = seen.failed.find(({ call }) => call === 'aheadMs');
        if (failure !== undefined) throw errorOf(failure);
        return seen.clockAheadMs ?? 0;
      },
    },
    handleDomain: async () => {
      const failure = seen.failed.find(({ call }) => call === 'handleDomain');
      if (failure !== undefined) throw errorOf(failure);
      return seen.domain ?? '';
    },
  };
  const tenant: AssessedTenant = {
    ...{ id: own.id, keyPrefix: own.keyPrefix, emailTag: own.emailTag, directory },
    linkedTenant: sister && { id: sister.id, keyPrefix: sister.keyPrefix, directory: sistersDirectory },
  };
  return {
    ...{ deps, tenant, capture },
    look: async () => (await dryRun(deps, tenant, user, userId, at)).view,
  };
}

function answered(
  { failed }: Capture['seen'],
  call: FailedCall['call'],
  found: readonly Successor[] = [],
): readonly Successor[] {
  const failure = failed.find((one) => one.call === call);
  if (failure !== undefined) throw errorOf(failure);
  return found;
}

function layDocuments(documents: ReturnType<typeof inMemoryDocuments>, { seen }: Capture): void {
  for (const { user, documents: found } of seen.documents) {
    if (found.verificationCount !== undefined) documents.verifications.set(user, found.verificationCount);
    if (found.handle !== undefined) documents.handles.set(user, found.handle);
    if (found.user === undefined) continue;
    const { code, account, pending } = found.user;
    const stored: StoredUser = {
      ...(code === undefined ? {} : { code }),
      ...(pending === undefined ? {} : { pending: { ...pending, password: SOME_PASSWORD } }),
      ...(account === undefined ? {} : { account: fieldsOf(account) }),
    };
    documents.users.set(user, stored);
  }
}

function fieldsOf({
  did,
  handle,
  hasPassword,
}: NonNullable<NonNullable<Capture['seen']['documents'][number]['documents']['user']>['account']>) {
  return {
    createdAt: '',
    ...(did === undefined ? {} : { did }),
    ...(handle === undefined ? {} : { handle }),
    ...(hasPassword ? { password: SOME_PASSWORD } : {}),
  };
}

function layAccounts(accounts: ReturnType<typeof inMemoryAccounts>, { seen }: Capture): void {
  for (const { did, location } of seen.locations ?? [])
    if (location.type === 'elsewhere') accounts.moveAway(did, location.origin);
  for (const { did, handle, email, inviteCode, state } of seen.accounts) {
    const status = state === 'deactivated' || state === 'takendown' ? state : 'active';
    accounts.put({ did, handle, email, inviteCode, status, hasRepo: state !== 'no-repo' });
  }
  // Of a hidden holder no more is known than that there is one.
  for (const { handle, holder } of seen.holders)
    if (holder.type === 'hidden' && !seen.accounts.some((account) => account.handle === handle))
      accounts.put({ handle, email: undefined, status: 'deactivated' });
}

async function holders({ seen, tenant, sister, at }: Capture, hooks: Hooks): Promise<AssessDeps['subjects']> {
  const { queue, subjects } = inMemoryWorkQueue(hooks);
  const named = [...seen.emailHolders, ...seen.carriers].flatMap((one) => one.claimants);
  const claimants = [...named, ...seen.owners];
  for (const { user, tenant: of, ...claim } of new Map(claimants.map((one) => [one.user, one])).values()) {
    const owned = ownerOf(user, sister === undefined ? [tenant] : [tenant, sister]);
    if (owned === undefined) throw new Error('The holder of an address is no user of a tenant.');
    const trigger = { user, tenant: of, userId: owned.userId };
    const lease = await queue.claimUser(trigger, at, 1_000);
    if (lease === undefined) throw new Error('A user is laid twice.');
    await queue.complete(lease, { ...UNSEEN, ...claim }, undefined);
  }
  return subjects;
}

async function inactive({ seen }: Capture, hooks: Hooks): Promise<AssessDeps['inactive']> {
  const failingIndex = inMemoryInactiveAccounts(hooks);
  return {
    holdersOf: async (...asked) => {
      // A question that failed fails again.
      await failingIndex.holdersOf(...asked);
      return new Map(seen.inactive.map(({ name, dids }) => [name, dids]));
    },
    listing: async () => seen.listing ?? (await failingIndex.listing()),
  };
}

async function reserved({ seen }: Capture, hooks: Hooks): Promise<AssessDeps['reservations']> {
  const reservations = inMemoryReservations(hooks);
  for (const { by, ...value } of seen.reserved ?? []) await reservations.reserve([value], by);
  return reservations;
}

function failing(calls: readonly FailedCall[]): Hooks {
  return {
    before: ({ method }) => {
      const failure = calls.find(({ call }) => call === method);
      if (failure !== undefined) throw errorOf(failure);
    },
  };
}

function errorOf({ code }: FailedCall): UpstreamError {
  return new UpstreamError('it failed when the report was made', { upstream: 'pds', code, retryable: true });
}
