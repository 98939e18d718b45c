/** What is desired and what is there of each resource, in a few words for people. Never an address. */
import type { ConcordEvent, Resource } from '../../events/event.ts';
import type { Facts } from '../../events/facts.ts';
import { type DesiredEmail, ownAddresses } from '../../reconcilers/account/address.ts';
import { handleLabel } from '../../reconcilers/account/handle-label.ts';
import type { Desired, View } from './observe.ts';

const UNREAD = 'could not be read';

export function desiredOf(resource: Resource, desired: Desired): string {
  const { verification, document, account } = desired;
  switch (resource) {
    case 'verification':
      return verification.type === 'unwanted' ? 'left as it is' : `a count of at least ${verification.count}`;
    case 'user-document':
      return document.type === 'unwanted'
        ? 'left as it is'
        : `a document with ${document.code === undefined ? 'a code' : `the code ${document.code}`}`;
    case 'account':
      if (account.type === 'account') return accountOf(account.email);
      if (account.type === 'none') return `none (${account.reason})`;
      return endOf(account.end);
    case 'email':
      return account.type === 'account' && account.email.withheld === undefined
        ? 'the address in Auth0'
        : 'left as it is';
    case 'handle':
      return account.type === 'account' ? handleOf(desired.handle) : 'left as it is';
  }
}

function accountOf({ withheld }: DesiredEmail): string {
  return withheld === undefined ? 'one account' : `none that is added (${withheld.reason})`;
}

function endOf(end: Extract<Desired['account'], { type: 'end' }>['end']): string {
  switch (end.type) {
    case 'kept':
      return `left as it is (${end.reason})`;
    case 'suspended':
      return 'deactivated, while the user is blocked';
    case 'removed':
      return `${end.how === 'delete' ? 'deleted' : 'deactivated'} from ${end.notBefore.toISOString()}${end.granted ? ', granted' : ', if granted'}`;
  }
}

function handleOf({ preferred, platformHandle, isKnown, carriedBy, domain }: Desired['handle']): string {
  if (preferred !== undefined) return preferred;
  if (!isKnown) return 'not decided: the sister is not known';
  if (carriedBy !== undefined) return `the code; ${carriedBy} has the handle`;
  // As the log knows it, before there is an account whose handle shows the domain.
  if (platformHandle !== undefined && domain === '') return handleLabel(platformHandle);
  return platformHandle === undefined ? 'the code' : `the code; ${platformHandle} cannot be had`;
}

export function actualOf(resource: Resource, view: View): string {
  const { documents, account, missingAccount, movedTo, desired, failures } = view;
  const isUnread = failures.length > 0 && account === undefined && missingAccount === undefined;
  const moved = movedTo === undefined ? '' : `, moved to ${movedTo}`;
  switch (resource) {
    case 'verification': {
      if (documents === undefined) return UNREAD;
      const count = documents.verificationCount;
      return count === undefined ? 'no document' : `a count of ${count}`;
    }
    case 'user-document':
      if (documents === undefined) return UNREAD;
      return documents.user === undefined ? 'no document' : (documents.user.code ?? 'a document, no code');
    case 'account': {
      const named = documents?.user?.account?.did;
      if (account !== undefined) return `${account.did}, ${account.state}${moved}`;
      if (isUnread) return named === undefined ? UNREAD : `${named}, which ${UNREAD}`;
      return named === undefined ? 'none' : `${named}, which the PDS does not have${moved}`;
    }
    case 'email': {
      if (account === undefined) return isUnread ? UNREAD : 'no account';
      if (account.email === undefined) return 'none';
      const wanted = desired.account.type === 'account' ? ownAddresses(desired.account.email) : [];
      return wanted.includes(account.email.toLowerCase()) ? 'that address' : 'another address';
    }
    case 'handle':
      return account?.handle ?? (isUnread ? UNREAD : 'no account');
  }
}

/** By the log alone, which says what was done and found, and nothing of what others did since. */
export function actualAsTold(resource: Resource, facts: Facts, events: readonly ConcordEvent[]): string {
  const account = facts.seen.account ?? facts.account;
  switch (resource) {
    case 'verification': {
      const recorded = events.findLast((event) => event.type === 'verification.recorded');
      return recorded === undefined ? 'not told' : `a count of ${recorded.data.count}`;
    }
    case 'user-document':
      return facts.seen.code ?? facts.code ?? 'not told';
    case 'account': {
      if (account === undefined) return facts.accountDeleted ? 'deleted' : 'not told';
      return facts.deactivated === undefined ? account.did : `${account.did}, deactivated`;
    }
    case 'email': {
      const wanted = facts.auth0?.email?.toLowerCase();
      if (account?.email === undefined) return 'not told';
      return account.email.toLowerCase() === wanted ? 'that address' : 'another address';
    }
    case 'handle':
      return account?.handle ?? 'not told';
  }
}
