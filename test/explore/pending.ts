/** Scenarios that are explored once what they need is built: by their names, each with what it waits for. */
const HIDDEN = 'an address that a hidden account has is known before an account is created (W8)';
const TAGS = 'both of two linked tenants have a tag (W10)';

export const PENDING: ReadonlyMap<string, string> = new Map([
  ['a sign-up with an address that a hidden account has', HIDDEN],
  ['a sign-up with an address that a hidden account has, after a sweep', HIDDEN],
  ['an address that a hidden account has until it is deleted', HIDDEN],
  ['one address in two linked tenants at one moment', TAGS],
]);
