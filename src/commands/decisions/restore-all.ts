/**
 * `concord restore --all`: restores every user with removed documents or accounts, within a safety limit. The service
 * reconciles them afterwards.
 */

import {
  grantSelected,
  proposeSelected,
  type RestoreSelection,
  restoreCandidates,
} from '../../engine/operations/restore-many.ts';
import { UsageError } from '../../errors.ts';
import { isRemovedReason, REMOVED_REASONS } from '../../events/condition.ts';
import type { ExitCode } from '../command.ts';
import { momentAgo } from '../moment.ts';
import { decideAll, users } from './decide-all.ts';
import { type DecisionOptions, decidedBy } from './decisions.ts';

export async function runRestoreAll(options: RestoreOptions): Promise<ExitCode> {
  const selection = selectionOf(options);
  const decided = decidedBy({ ...options, reason: options.why });
  return decideAll(options, (engine, limits) => {
    const deps = { ...engine.reconcile, ...engine.assess };
    return {
      command: 'restore',
      done: 'restored',
      question: (count) => `Restore ${count}?`,
      limit: { name: 'limits.restores', of: limits.restores },
      candidates: (tenants) => restoreCandidates(engine.subjects, tenants, selection),
      propose: (owned) => proposeSelected(deps, owned, selection.reasons),
      sample: ({ owned, proposal: { what, reasons, lostAccount = null, code = null, writes } }) => ({
        ...{ user: owned.user, code, what, reasons, lostAccount, writes },
      }),
      table: {
        head: ['USER', 'CODE', 'WRITES'],
        row: ({ owned, proposal: { code, writes } }) => [
          owned.user,
          code,
          writes.map(({ what }) => what).join('; '),
        ],
      },
      warnings: (proposed, { style }) => {
        const replaced = proposed.filter(({ proposal }) => proposal.lostAccount !== undefined).length;
        const passwords = proposed.filter(({ proposal }) => proposal.losesPassword).length;
        return [
          ...(replaced === 0
            ? []
            : [
                `${style('red', 'Warning.')} ${replaced} of them ${replaced === 1 ? 'gets' : 'get'} a NEW account with a NEW DID and an EMPTY repository. If PDS_URL names another PDS than before, correct it instead.`,
              ]),
          ...(passwords === 0
            ? []
            : [
                `${users(passwords)} lost the stored password with the document. Set new ones afterwards, one by one, with: concord password <user> --reset`,
              ]),
        ];
      },
      grant: (one) => grantSelected(deps, one, decided),
    };
  });
}

/** With --all, --reason names the reason of a condition, as in the commands that list users. */
function selectionOf({ reason, since }: RestoreOptions): RestoreSelection {
  if (reason !== undefined && !isRemovedReason(reason)) {
    throw new UsageError(
      `With --all, --reason must be ${REMOVED_REASONS.join(' or ')}. Say why you restore with --why.`,
    );
  }
  return {
    reasons: reason === undefined ? REMOVED_REASONS : [reason],
    since: since === undefined ? undefined : momentAgo(since, new Date()),
  };
}

export interface RestoreOptions extends DecisionOptions {
  readonly all?: boolean | undefined;
  readonly acceptCode?: boolean | undefined;
  /** Why. With `all`, `reason` selects by the reason of a condition. */
  readonly why?: string | undefined;
  readonly tenant?: string | undefined;
  readonly since?: string | undefined;
  readonly max?: number | undefined;
  /** Show what would be written and end. */
  readonly preview?: boolean | undefined;
  readonly yes?: boolean | undefined;
}
