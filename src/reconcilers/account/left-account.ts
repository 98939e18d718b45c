/** Which account is managed, and why another one is left as it is. Pure. */
import type { PdsAccount } from '../../ports/accounts.ts';
import { endSentence, isOfDeleted } from './account-end.ts';
import { movedTo, planMigrated } from './account-location.ts';
import type { ActualAccount, DesiredAccount } from './account-state.ts';
import { ownAddresses, sameEmail } from './address.ts';
import type { ManagedAccount } from './managed-account.ts';

/** The account whose handle and address may be changed: there, active, wanted, and this user's. */
export function managedAccount(wanted: DesiredAccount, actual: ActualAccount): ManagedAccount {
  const { linked, linkedDid } = actual;
  if (wanted.type !== 'end' && !isResolving(wanted, actual) && planMigrated(wanted, actual) !== undefined) {
    const leftBecause = `The account ${linkedDid} moved to another PDS.`;
    return { account: undefined, leftBecause, hasMoved: true };
  }
  if (linked === undefined || linked === 'missing') return { account: undefined, leftBecause: undefined };
  const leftBecause = whyLeft(wanted, actual, linked);
  if (leftBecause === undefined) return { account: linked, leftBecause };
  if (movedTo(actual) !== undefined) return { account: undefined, leftBecause };
  const isDeleted = wanted.type === 'end' && isOfDeleted(wanted.end);
  return { account: undefined, leftBecause, left: linked, isDeleted };
}

function isResolving({ intent }: DesiredAccount, { intended }: ActualAccount): boolean {
  return intent !== undefined && intended !== undefined;
}

/** Undefined where the account is not left as it is. */
function whyLeft(wanted: DesiredAccount, actual: ActualAccount, linked: PdsAccount): string | undefined {
  const { did } = linked;
  if (wanted.type === 'none') return wanted.message;
  if (wanted.type === 'end') return endSentence(wanted.end);
  // Until the intent is resolved, it is unknown which account is this user's.
  if (isResolving(wanted, actual))
    return 'The outcome of an account creation for this user is not known yet.';
  const { loggedDid } = wanted;
  if (loggedDid !== undefined && loggedDid !== did)
    return 'The users document and the log name different accounts.';
  if (actual.recorded !== undefined && actual.recorded.did === undefined)
    return 'The users document names an account whose DID cannot be read.';
  // Only the document names it, and its address differs: it is not known to be this user's.
  if (loggedDid === undefined && !sameEmail(linked, ownAddresses(wanted.email)))
    return `The account ${did} is not known to be this user's.`;
  switch (linked.state) {
    case 'deactivated':
      return `The account ${did} is deactivated.`;
    case 'takendown':
      return `The account ${did} is taken down.`;
    case 'no-repo':
      return `The account ${did} has no repository.`;
    case 'active':
    case 'unknown':
      return undefined;
  }
}
