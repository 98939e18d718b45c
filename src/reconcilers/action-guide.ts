/**
 * What to do about each reason that needs action, for docs/conditions-and-alerts.md (`npm run docs`). A reason of
 * NEEDS_ACTION has a row here, and its row names the commands of its message; test/conditions runs them.
 */
import type { Condition } from '../events/condition.ts';
import { pdsAdmin, showAccount, updateUser } from './command-lines.ts';

export interface ReasonGuide {
  /** `any` for a reason that every resource may have. */
  readonly types: readonly (Condition['type'] | 'any')[];
  readonly reasons: readonly string[];
  /** Markdown. */
  readonly meaning: string;
}

const shell = (update: string): string => `\`${updateUser(update)}\``;
const otherUser = (update: string): string => `\`${updateUser(update).replace('<key>', '<other>')}\``;
const RECONCILE = 'Then `concord reconcile <user>`';

/** Commands on the PDS that rows name by their name. */
export const PDS_COMMANDS: readonly { readonly name: string; readonly command: string }[] = [
  { name: 'activate', command: showAccount('<did>', 'deactivated') },
  { name: 'end a takedown', command: showAccount('<did>', 'takedown') },
  {
    name: 'show: either, if it is not known which',
    command: showAccount('<did>', 'deactivated', 'takedown'),
  },
  { name: 'delete', command: pdsAdmin('deleteAccount', { did: '<did>' }) },
];

/** Only a person can resolve these. */
export const ACTION_GUIDE: readonly ReasonGuide[] = [
  {
    types: ['verification', 'user-document', 'account'],
    reasons: ['DocumentRemoved'],
    meaning:
      'A document or the account record was there, and a person or a program removed it. Nothing is changed for the user until you decide: `concord restore <user>` shows what it would write and asks; for many users: `concord restore --all`. If the removal was intended, do nothing. See [removed.md](removed.md)',
  },
  {
    types: ['account'],
    reasons: ['AccountMissing'],
    meaning:
      'The PDS does not have the account that the document names. Check `PDS_URL` first. `concord restore <user>` replaces it with a new account with a new DID and an empty repository',
  },
  {
    types: ['any'],
    reasons: ['WaitingForDecision'],
    meaning:
      'Another resource of the user was removed, and this one waits for that decision: `concord restore <user>`',
  },
  {
    types: ['user-document'],
    reasons: ['CodeDiffers'],
    meaning: `The document has another code than the permanent one, and Concord leaves it. Keep it with \`concord restore <user> --accept-code\`, or set the permanent one: ${shell('{$set: {code: "<code>"}}')}, then \`concord reconcile <user>\``,
  },
  {
    types: ['user-document'],
    reasons: ['CodeHeldByUser'],
    meaning: `The document of another user has this user's permanent code. Give that user its own code or a new one: ${otherUser('{$set: {code: "<code>"}}')}. Accept a new one with \`concord restore <other> --accept-code\`. ${RECONCILE}`,
  },
  {
    types: ['user-document'],
    reasons: ['CodeUnreadable'],
    meaning: `The code in the document is not text. Set the permanent code, which the message names, or remove the value: ${shell('{$unset: {code: 1}}')}. ${RECONCILE}`,
  },
  {
    types: ['account'],
    reasons: ['AccountsDiffer'],
    meaning: `The document names another account than the log. Keep the document's account with \`concord adopt <user> <did>\`, or set the log's: ${shell('{$set: {atproto: {did: "<did>"}}}')}, then \`concord reconcile <user>\``,
  },
  {
    types: ['account'],
    reasons: ['AccountUnreadable'],
    meaning: `\`atproto.did\` in the document is not a DID. Set the DID that the log names, ${shell('{$set: {"atproto.did": "<did>"}}')}, or remove the record, ${shell('{$unset: {atproto: 1}}')}. ${RECONCILE}`,
  },
  {
    types: ['account'],
    reasons: ['AccountNotImported'],
    meaning: `The document names the account in fields that are older than \`atproto\`. \`concord import --apply\` moves them, after showing the report and asking; then \`concord reconcile <user>\`. If \`atproto_did\` is not a DID: set it, ${shell('{$set: {atproto_did: "<did>"}}')}, or remove the old fields, ${shell('{$unset: {atproto_did: 1, atproto_handle: 1, atproto_password: 1, atproto_created_at: 1}}')}`,
  },
  {
    types: ['account'],
    reasons: ['AccountEmailDiffers'],
    meaning:
      'Only the document names this account, and the account has another address. `concord adopt <user>` shows the evidence and asks; for many users: `concord adopt --all --reason AccountEmailDiffers`',
  },
  {
    types: ['account'],
    reasons: ['UnownedAccountFound'],
    meaning:
      'An account with this handle and address exists that Concord did not create. `concord adopt <user>` shows the evidence and asks',
  },
  {
    types: ['account'],
    reasons: ['AdoptionImpossible'],
    meaning:
      'The account to adopt is not on this PDS, or moved to another one. `concord adopt <user> --withdraw`, then `concord reconcile <user>`',
  },
  {
    types: ['account'],
    reasons: ['CredentialsIncomplete'],
    meaning:
      'The document has no password for the account. `concord password <user> --reset` stores a new one and sets it on the PDS',
  },
  {
    types: ['account'],
    reasons: ['PasswordRefused'],
    meaning:
      'The stored password does not open the account; its owner may have changed it. `concord password <user> --reset`',
  },
  {
    types: ['account'],
    reasons: ['AccountDeactivated', 'AccountTakenDown'],
    meaning:
      'The owner or a moderator did this on the PDS, and Concord leaves it. For `AccountDeactivated` the message says if the DID directory could not be asked whether the account moved; Concord asks again. To end it, run *activate* or *end a takedown* [on the PDS](#commands-on-the-pds), then `concord reconcile <user>`',
  },
  {
    types: ['account'],
    reasons: ['AccountWithoutRepository'],
    meaning:
      'The PDS lost the repository during a creation. Run *delete* [on the PDS](#commands-on-the-pds), then `concord restore <user>`',
  },
  {
    types: ['account'],
    reasons: ['IntendedAccountHidden'],
    meaning:
      'An account that the PDS neither shows nor lists carries the handle of an interrupted creation. Look with `concord audit --orphans`; run *show* [on the PDS](#commands-on-the-pds), then `concord reconcile <user>`',
  },
  {
    types: ['account'],
    reasons: ['CreationKeepsFailing'],
    meaning:
      'Three account creations failed on the PDS; inactive accounts were listed after each, and none has the address. The message names the last answer, and the log of the PDS has the cause. Look with `concord audit --orphans`, repair the cause, then `concord retry <user>`',
  },
  {
    types: ['account', 'email'],
    reasons: ['EmailHeldByDeletedUser'],
    meaning:
      'A user who is deleted in Auth0 has the account with this address. `concord transfer <other> <user>` transfers the account to this user. If this user has an account, `concord transfer <other> <user> --what address` frees the address. Both show the evidence and ask. See [transfer.md](transfer.md)',
  },
  {
    types: ['account', 'email'],
    reasons: ['EmailHeldByUser'],
    meaning: `Another user has an account with this address; the message names the user: \`concord explain <other>\`. If they are one person (for example with a password and with Google), link them in Auth0; otherwise change one address there. ${RECONCILE}`,
  },
  {
    types: ['account', 'email'],
    reasons: ['EmailTaken'],
    meaning:
      "An account that belongs to no user has the address. If the PDS hides it (deactivated or taken down), the message names it: `concord adopt <user> <did> --preview` shows the evidence; otherwise `concord audit --orphans` lists it. If it is this user's: `concord adopt <user> <did>`. When the address is free: `concord retry <user>`",
  },
  {
    types: ['account', 'email'],
    reasons: ['FieldUnusable'],
    meaning:
      'Auth0 has a value in `email` or `email_verified` that cannot be used, such as a name instead of true or false; the message names the field. It counts as not set: no account is created, or the address of the account is not changed. Correct the attribute mapping of the connection in Auth0, then `concord reconcile <user>`',
  },
  {
    types: ['account', 'email'],
    reasons: ['EmailNotAllowed'],
    meaning:
      'The PDS does not accept the address, for example one of a disposable domain. The user changes it in Auth0; then `concord reconcile <user>`',
  },
  {
    types: ['email'],
    reasons: ['EmailParked'],
    meaning:
      'After ten minutes, and only if another user took the former address of the account: change the address in Auth0, then `concord reconcile <user>`',
  },
  {
    types: ['handle'],
    reasons: ['HandleHeldByDeletedUser'],
    meaning:
      'The account of a user who is deleted in Auth0 carries the handle: `concord transfer <other> <user> --what handle`',
  },
  {
    types: ['account', 'handle'],
    reasons: ['CodeHandleRefused'],
    meaning:
      'Another account carries the code as its handle. The message names an inactive one (`concord adopt <user> <did> --preview`), and `concord audit --orphans` lists accounts that belong to no user. When the handle is free: `concord retry <user>`',
  },
];
