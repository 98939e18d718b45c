/** Steps of ours that remove the account from the users document. */

export const RECORD_REMOVING: ReadonlySet<string> = new Set([
  'delete-account',
  'delete-remnant',
  'drop-account-record',
  'release-account',
]);
