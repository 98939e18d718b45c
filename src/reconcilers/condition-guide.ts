/** What the reasons mean that need no action, for docs/conditions-and-alerts.md (`npm run docs`). */
import type { ReasonGuide } from './action-guide.ts';

/** These end without a person, or when another action or upstream is done. */
export const PENDING_GUIDE: readonly ReasonGuide[] = [
  {
    types: ['verification', 'user-document', 'account', 'handle'],
    reasons: ['NotRecorded'],
    meaning: 'A document or a field is missing or too old; the reconciliation writes it',
  },
  {
    types: ['user-document'],
    reasons: ['NoDocument', 'NoCode'],
    meaning: 'The document or its code is created; a known code is restored exactly',
  },
  {
    types: ['account'],
    reasons: ['NoAccount'],
    meaning: 'The account is created',
  },
  {
    types: ['account'],
    reasons: ['CreationInterrupted', 'WaitingForOutcome'],
    meaning:
      'An account creation was interrupted. Concord waits `engine.settleMs` for its outcome, then looks for the account and finishes or abandons the creation',
  },
  {
    types: ['account'],
    reasons: ['ListingInactiveAccounts'],
    meaning:
      'An account creation failed and left no account. The inactive accounts of the PDS are listed before the next try (`engine.listInactiveMs`)',
  },
  {
    types: ['account', 'handle'],
    reasons: ['WaitingForCode'],
    meaning: 'The account needs the code as its handle, and the code is not drawn yet',
  },
  {
    types: ['account'],
    reasons: ['AdoptionGranted'],
    meaning: 'A person decided to adopt an account; the reconciliation records it',
  },
  {
    types: ['account', 'email'],
    reasons: ['WaitingForAddress'],
    meaning:
      "The account of another user is about to get another address, or another user's creation or change with this address is not finished. The message names that user; this user is reconciled again when that one changes",
  },
  { types: ['email'], reasons: ['EmailDiffers'], meaning: 'The address of the account is changed' },
  { types: ['handle'], reasons: ['HandleDiffers'], meaning: 'The handle of the account is changed' },
  {
    types: ['account', 'handle', 'user-document'],
    reasons: ['TransferPending', 'HandleReleased', 'CodeReleased'],
    meaning:
      'A transfer between this user and another one is being applied. If it stays, the message says what it waits for; see [transfer.md](transfer.md)',
  },
  {
    types: ['account'],
    reasons: ['AccountReplaced'],
    meaning: 'The account that a transfer replaced is being deactivated',
  },
  {
    types: ['email'],
    reasons: ['ExchangingAddresses'],
    meaning:
      'Users exchange addresses, and one account is parked meanwhile on an address that receives no mail',
  },
  {
    types: ['email'],
    reasons: ['EmailParked'],
    meaning:
      'For ten minutes, in which users exchange addresses; then the account gets its former address back',
  },
  {
    types: ['account'],
    reasons: ['RemovalInGrace', 'RemovalDue', 'RemovalGranted'],
    meaning:
      'The user is deleted in Auth0. The account follows after `policy.removalGraceMs`, by a sweep or `concord approve`',
  },
  {
    types: ['account'],
    reasons: ['RemovalWithheld'],
    meaning:
      'A gap of the tenant is open, and the removal waits for its end: `concord pull` says what ends it',
  },
  {
    types: ['account'],
    reasons: ['ClockDiffers'],
    meaning:
      'An account would be removed or deactivated, and the clock of the machine of Concord differs from that of MongoDB by more than a minute. `concord doctor` says which clock is wrong. Once they agree, the schedule and the next sweep go on',
  },
  {
    types: ['any'],
    reasons: ['UserUnknown'],
    meaning: 'The user was not read from Auth0 yet, so nothing is changed',
  },
  {
    types: ['pause'],
    reasons: ['Paused', 'ObserveOnly'],
    meaning: 'A person paused the user, or the policy is observe-only. `concord resume <user>` ends a pause',
  },
  {
    types: ['any'],
    reasons: ['NotObserved', 'Failing'],
    meaning: 'The code in the message says what failed. Concord tries again with increasing backoff',
  },
];

/** In order as it is. */
export const IN_ORDER_GUIDE: readonly ReasonGuide[] = [
  {
    types: ['auth0'],
    reasons: ['UserKnown'],
    meaning: 'Auth0 has the user',
  },
  {
    types: ['verification', 'user-document', 'account', 'email', 'handle'],
    reasons: ['Recorded', 'HasCode', 'AccountActive', 'EmailSet', 'PlatformHandle'],
    meaning: 'In sync',
  },
  {
    types: ['email', 'handle'],
    reasons: ['NoAccount'],
    meaning: 'The user has no account, so there is no address and no handle to keep',
  },
  {
    types: ['user-document', 'auth0'],
    reasons: ['FieldUnusable'],
    meaning:
      "Auth0's `created_at`, `blocked` or `identities` cannot be used. The message says how it counts; nothing waits for it",
  },
  {
    types: ['account'],
    reasons: ['NoEmail', 'WaitingForEmailVerification'],
    meaning: 'An account is created once Auth0 has a verified address',
  },
  {
    types: ['email'],
    reasons: ['NoEmail', 'WaitingForEmailVerification'],
    meaning: 'The account is kept as any other, and its address follows again once Auth0 has a verified one',
  },
  {
    types: ['account'],
    reasons: ['AccountTransferred'],
    meaning: 'The user is deleted in Auth0, and another user has the account',
  },
  {
    types: ['account'],
    reasons: ['AccountMigrated'],
    meaning:
      'The account moved to another PDS, as its DID document says. Concord leaves what is here, whatever happens to the user; address and handle no longer follow. If many users have it at once, check `PDS_URL`',
  },
  {
    types: ['account'],
    reasons: ['KeptForSuccessor'],
    meaning:
      'The user is deleted in Auth0, and another user in Auth0 has verified the same address, or Auth0 has linked the deleted user to it. The account is neither deactivated nor deleted, under any policy. The message names the user and the command that transfers the account: `concord transfer <deleted user> <user>`. If you do nothing, nothing changes',
  },
  {
    types: ['any'],
    reasons: ['UserBlocked', 'UserGone', 'UserGoneOnce'],
    meaning:
      'Nothing is created, restored or renamed for a user who is blocked or deleted in Auth0. `UserGoneOnce`: only one proof says that the user is deleted',
  },
  {
    types: ['email', 'handle'],
    reasons: ['NotManaged'],
    meaning:
      "An account exists and Concord leaves it. The message says why: the user is deleted or blocked, or the account is inactive, moved to another PDS, or is not known to be this user's",
  },
  {
    types: ['handle'],
    reasons: ['HandleTaken', 'HandleNotAllowed'],
    meaning:
      'The code is the handle meanwhile. A handle that becomes free is set at once if another user had it or had it reserved, otherwise by a later sweep',
  },
  {
    types: ['handle'],
    reasons: ['NoPlatformHandle'],
    meaning: 'The user chose no handle, so the code is the handle',
  },
  {
    types: ['handle'],
    reasons: ['SisterHasHandle'],
    meaning:
      'The account of the linked user carries the handle, and this one its code. See [linked-tenants.md](linked-tenants.md)',
  },
  {
    types: ['handle'],
    reasons: ['OwnDomain'],
    meaning: "The account carries a domain of the user's own as its handle, and Concord leaves it",
  },
  {
    types: ['pause'],
    reasons: ['Excluded'],
    meaning: '`exclude` in the configuration names the user, and nothing is changed until it no longer does',
  },
];
