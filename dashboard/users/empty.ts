/** What a list that is empty says. */
import type { UsersQuery } from '../../src/dashboard-data/answers.ts';

export function emptySentence(query: UsersQuery): string {
  const { search, situation, sync, health, resource, reason, tenant, after } = query;
  const given = [search, situation, sync, health, resource, reason, tenant].filter(
    (each) => each !== undefined,
  );
  if (after !== undefined) return 'Nobody comes after.';
  if (given.length === 0) return 'Nobody is known yet. Whoever signs up appears here.';
  if (given.length > 1) return 'Nobody fits all of this. Take a filter away.';
  if (search !== undefined)
    return `Nobody is known as ${search}. Search takes an Auth0 id, an @handle, a code, an email address or a DID, to the letter.`;
  switch (situation) {
    case 'failing':
      return "Nobody's last pass failed.";
    case 'backing-off':
      return 'Nobody waits after a failure.';
    case 'quarantined':
      return 'Nobody is quarantined.';
    case 'held':
      return 'Nobody waits for a person.';
    case 'paused':
      return 'Nobody is paused.';
    case 'unseen':
      return 'Everybody was looked at.';
    case 'deleted':
      return 'No known user is deleted in Auth0.';
    case undefined:
      break;
  }
  if (sync !== undefined) return `Nobody is ${sync}.`;
  if (health === 'Deleted') return 'No known user is deleted in Auth0.';
  if (health !== undefined) return `Nobody is ${health}.`;
  if (resource !== undefined) return `Everybody who was looked at has ${resource} as desired.`;
  if (reason !== undefined) return `Nobody is in the situation ${reason}.`;
  return `Nobody is known in ${tenant}.`;
}
