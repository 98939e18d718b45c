/**
 * What an import does for one key, and what it leaves to a person. Pure.
 *
 * | the permanent code                                                  | what is done               |
 * |---------------------------------------------------------------------|----------------------------|
 * | in `users.code` alone, or the same in `@handles.code`               | nothing                    |
 * | in `@handles.code` alone                                            | moved to `users.code`      |
 * |   the same, and there is no users document                          | left to the reconciliation |
 * |   the same, and another user has it in either place                 | CodeShared                 |
 * |   the same, and the log has another one                             | CodesDiffer                |
 * | different ones in the two places                                    | CodesDiffer                |
 * | no text                                                             | CodeUnreadable             |
 *
 * | the account                                                         | what is done               |
 * |---------------------------------------------------------------------|----------------------------|
 * | in `atproto` alone                                                  | nothing                    |
 * | in the old fields alone (`atproto_did`)                             | moved, with its password   |
 * |   the same, and another users document names it                     | AccountShared              |
 * |   the same, and Concord has seen an account in `atproto`            | DocumentRemoved            |
 * | the same in both, and only the old fields have a password           | the password is moved      |
 * | the same in both, with two passwords                                | PasswordsDiffer            |
 * | different ones in the two places                                    | AccountsDiffer             |
 * | no DID                                                              | AccountUnreadable          |
 * | any, and the PDS does not have it                                   | as above, and AccountMissing, unless its DID names another PDS |
 *
 * What is in `users.code` and in `atproto` is newer, and always stays.
 */
import type { Code } from '../../../identity.ts';
import type { OldUser } from '../../../ports/old-documents.ts';
import { updateUser } from '../../../reconcilers/command-lines.ts';
import { planAccount } from './plan-account.ts';
import type { Decision, ImportContext, KnownToLog, Say, UserImport } from './plan-state.ts';

/** `isUser` is false for a key that no tenant can have assigned. */
export function planImport(
  user: OldUser,
  isUser: boolean,
  known: KnownToLog | undefined,
  context: ImportContext,
): UserImport {
  const decisions: Decision[] = [];
  const say: Say = (reason, message) => decisions.push({ key: user.key, reason, message });
  const nothing = {
    ...{ user, isUser, code: undefined, account: undefined, passwordFor: undefined, isRight: false },
    tell: undefined,
    ...{ follows: [], elsewhere: undefined, foreignHandle: undefined, decisions },
  };
  if (!isUser) return nothing;
  const code = planCode(user, known?.code, context, say);
  const account = planAccount(user, known?.account, context, say);
  const told = {
    code: code.final !== undefined && code.final === user.legacyCode ? code.final : null,
    record: account.final !== undefined && account.isOld && account.isHere ? account.final : null,
  };
  const isKnown =
    (told.code === null || told.code === known?.code) &&
    (told.record === null || told.record === known?.record);
  return {
    ...{ user, isUser, decisions, code: code.move, account: account.move, passwordFor: account.passwordFor },
    isRight:
      (told.code !== null || account.isOld) &&
      [code.move, account.move, account.passwordFor].every((move) => move === undefined),
    tell: isKnown ? undefined : told,
    follows: [
      ...(code.isLeft ? ['document' as const] : []),
      ...(account.isRenamed ? ['handle' as const] : []),
    ],
    ...{ elsewhere: account.elsewhere, foreignHandle: account.foreignHandle },
  };
}

const UNSET_CODE_OF_ROW = 'db.getCollection("@handles").updateOne({_id: <key>}, {$unset: {code: 1}})';

interface CodePlan {
  readonly move?: Code;
  /** What `users.code` then has. */
  readonly final?: Code;
  /** Left to the reconciliation, which creates the users document with it. */
  readonly isLeft?: true;
}

function planCode(
  { key, document, legacyCode: legacy, hasUnreadableLegacyCode }: OldUser,
  known: Code | undefined,
  { codes, codeHolders }: ImportContext,
  say: Say,
): CodePlan {
  if (document?.hasUnreadableCode === true) {
    const set = updateUser(`{$set: {code: "${legacy ?? known ?? '<code>'}"}}`);
    say('CodeUnreadable', `users.code is no text. Set the code in the MongoDB shell: ${set}`);
    return {};
  }
  if (hasUnreadableLegacyCode)
    say(
      'CodeUnreadable',
      `The code in @handles is no text, and is not moved. Remove it: ${UNSET_CODE_OF_ROW}`,
    );
  const own = document?.code;
  if (own !== undefined && legacy !== undefined && own !== legacy) {
    const set = updateUser(`{$set: {code: "${legacy}"}}`);
    say(
      'CodesDiffer',
      `users.code is ${own} and @handles.code is ${legacy}; ${own} stays. Where it is right, remove the other one: ${UNSET_CODE_OF_ROW}. Where ${legacy} is right, set it: ${set}; then accept it with: concord restore <user> --accept-code`,
    );
  }
  if (own !== undefined) return { final: own };
  if (legacy === undefined) return {};
  if (known !== undefined && known !== legacy) {
    say(
      'CodesDiffer',
      `The permanent code is ${known} by the log, and @handles.code is ${legacy}. The reconciliation restores ${known}: concord reconcile <user>`,
    );
    return {};
  }
  const others = new Set([codeHolders.get(legacy) ?? key, ...(codes.get(legacy) ?? [])]);
  others.delete(key);
  if (others.size > 0) {
    say(
      'CodeShared',
      `${[...others].join(', ')} also has the code ${legacy}. Set it for the user whose it is, and another code for the other: ${updateUser('{$set: {code: "<code>"}}')}`,
    );
    return {};
  }
  return document === undefined ? { isLeft: true } : { move: legacy, final: legacy };
}
