/**
 * Accounts that moved to another PDS: the document of the DID names another one, and the account here is deactivated
 * or, later, gone. That is in sync, and the account is not changed. Pure.
 *
 * The directory of DIDs is asked about an account that is deactivated or missing, and about no other.
 *
 * | the DID names      | the account                 | what is done                                             |
 * |--------------------|-----------------------------|----------------------------------------------------------|
 * | another PDS        | deactivated or missing      | nothing, AccountMigrated; see account-end.ts for the end |
 * | this PDS, or none  |                             | as if the directory had not been asked                   |
 * | could not be asked | AccountMigrated before      | nothing, AccountMigrated; asked again later              |
 * | could not be asked | nothing would be done       | the same, and the message says so; asked again later     |
 * | could not be asked | something would be done     | nothing, NotObserved, and the reconciliation fails       |
 */
import { MIGRATED_REASON } from '../../events/condition.ts';
import type { Did } from '../../identity.ts';
import { inSync, type Plan, unknown } from '../reconciler.ts';
import type { ActualAccount, DesiredAccount, KnownAccount } from './account-state.ts';

/** The account whose DID must be resolved; undefined where nothing depends on it. */
export function didToLocate(
  wanted: DesiredAccount,
  { linked, linkedDid, adoptable }: Pick<ActualAccount, 'linked' | 'linkedDid' | 'adoptable'>,
): Did | undefined {
  if (linkedDid !== undefined) return isInactive(linked) ? linkedDid : undefined;
  const adopted = wanted.type === 'account' ? wanted.adoption?.did : undefined;
  return isInactive(adoptable) ? adopted : undefined;
}

function isInactive(account: ActualAccount['linked']): boolean {
  return account === 'missing' || account?.state === 'deactivated';
}

/** Where the linked account moved to; undefined where it did not, or where that is not known. */
export function movedTo({
  location,
  linkedDid,
}: Pick<ActualAccount, 'linkedDid'> & Partial<Pick<ActualAccount, 'location'>>): string | undefined {
  return linkedDid !== undefined && location?.type === 'elsewhere' ? location.origin : undefined;
}

/** Undefined where the account did not move, and where it is not known which account is this user's. */
export function planMigrated(
  wanted: DesiredAccount,
  actual: Pick<ActualAccount, 'location' | 'linkedDid' | 'recorded'>,
): Plan<never> | undefined {
  const message = migratedMessage(wanted, actual);
  return message === undefined
    ? undefined
    : { actions: [], condition: inSync({ type: 'account', reason: MIGRATED_REASON, message }) };
}

function migratedMessage(
  wanted: KnownAccount,
  actual: Pick<ActualAccount, 'location' | 'linkedDid' | 'recorded'>,
): string | undefined {
  const { linkedDid: did, location, recorded } = actual;
  const isUnclear =
    did === undefined ||
    (recorded !== undefined && recorded.did === undefined) ||
    (wanted.loggedDid !== undefined && wanted.loggedDid !== did);
  if (isUnclear) return undefined;
  const origin = movedTo(actual);
  if (origin !== undefined)
    return `The account ${did} moved to ${origin}, which its DID names as its PDS. It is left as it is here.`;
  // A directory that does not answer refutes nothing: its last answer holds until it gives another.
  const { saidMigrated } = wanted;
  return location?.type === 'unknown' && saidMigrated?.includes(did) === true ? saidMigrated : undefined;
}

/** Every lookup costs a read of Auth0, and an outage of the directory may concern many users. */
const ASK_AGAIN_MS = 1_800_000;
/** The reasons of an inactive account, whose message mentions that the directory cannot be asked. */
const SAYS_SO: ReadonlySet<string> = new Set(['AccountDeactivated', 'AccountMissing']);

/** Nothing is done to an account that may have moved. */
export function cautiously<Action>(
  plan: Plan<Action>,
  { location, linkedDid }: Pick<ActualAccount, 'location' | 'linkedDid'>,
  now: Date,
): Plan<Action> {
  if (location?.type !== 'unknown') return plan;
  const { actions, condition } = plan;
  const again = new Date(now.getTime() + ASK_AGAIN_MS);
  const retryAt = plan.retryAt !== undefined && plan.retryAt < again ? plan.retryAt : again;
  const whether = `Whether ${linkedDid === undefined ? 'the account' : `the account ${linkedDid}`} moved to another PDS is not known: the directory of its DID could not be asked (${location.code})`;
  if (actions.length > 0) {
    const message = `${whether}, so nothing was decided.`;
    return { actions: [], condition: unknown({ type: 'account', reason: 'NotObserved', message }) };
  }
  if (!SAYS_SO.has(condition.reason)) return { ...plan, retryAt };
  return { ...plan, retryAt, condition: { ...condition, message: `${condition.message} ${whether}.` } };
}
