/** The text of an empty list. */
import type { UsersQuery } from '../../src/dashboard-data/answers/users.ts';

export function emptySentence(query: UsersQuery): string {
  const { search, situation, sync, health, resource, reason, tenant, after } = query;
  const given = [search, situation, sync, health, resource, reason, tenant].filter(
    (each) => each !== undefined,
  );
  if (after !== undefined) return 'No more users.';
  if (given.length === 0) return 'No users yet. Users appear here when they sign up.';
  if (given.length > 1) return 'No users match all filters. Remove a filter.';
  if (search !== undefined)
    return `No user matches ${search}. Search takes an Auth0 id, an @handle, a code, an email address or a DID, and matches exactly.`;
  switch (situation) {
    case 'failing':
      return "No user's last reconciliation failed.";
    case 'backing-off':
      return 'No users are backing off.';
    case 'quarantined':
      return 'No users are quarantined.';
    case 'held':
      return 'No users need action.';
    case 'paused':
      return 'No users are paused.';
    case 'unseen':
      return 'All known users have been reconciled.';
    case 'deleted':
      return 'No known user is deleted in Auth0.';
    case undefined:
      break;
  }
  if (sync !== undefined) return `No users are ${sync}.`;
  if (health === 'Deleted') return 'No known user is deleted in Auth0.';
  if (health !== undefined) return `No users are ${health}.`;
  if (resource !== undefined) return `The ${resource} of all reconciled users is in sync.`;
  if (reason !== undefined) return `No users have a condition with reason ${reason}.`;
  return `No users are known in ${tenant}.`;
}
