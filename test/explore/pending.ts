/** Scenarios that are explored once what they need is built: by their names, each with what it waits for. */
const GUARD = 'the account of a deleted user is kept for a living one who has its address or identity (W7)';
const HIDDEN = 'an address that a hidden account has is known before an account is created (W8)';
const TAGS = 'both of two linked tenants have a tag (W10)';
const SPELLINGS = 'linked users know each other from both sides (W15)';

export const PENDING: ReadonlyMap<string, string> = new Map([
  ['a sign-up with the address of a deleted user in grace, deactivate', GUARD],
  ['a sign-up with the address of a deleted user in grace, delete', GUARD],
  ['a user who is linked into another', GUARD],
  ['a user who is linked into a new one with the same address', GUARD],
  ['a sign-up with an address that a hidden account has', HIDDEN],
  ['a sign-up with an address that a hidden account has, after a sweep', HIDDEN],
  ['an address that a hidden account has until it is deleted', HIDDEN],
  ['one address in two linked tenants at one moment', TAGS],
  ['a handle of one side, and the address in two spellings', SPELLINGS],
]);
