/**
 * `concord adopt --all --reason AccountEmailDiffers`: adopts the accounts that users documents name under another address,
 * within a safety limit, and reconciles their users.
 */

import type { Owned } from '../../engine/intake/owner.ts';
import {
  ADOPTABLE_REASON,
  adoptionCandidates,
  grantNamed,
  proposeNamed,
} from '../../engine/operations/adopt-many.ts';
import { reconcileNow } from '../../engine/operations/reconcile-now.ts';
import type { ReconciliationResult } from '../../engine/reconcile/reconcile.ts';
import { UsageError } from '../../errors.ts';
import type { UserKey } from '../../identity.ts';
import { type Evidence, passwordSentence } from '../../reconcilers/adoption.ts';
import { visible } from '../../terminal/visible.ts';
import type { Engine } from '../../wiring/engine.ts';
import type { ExitCode } from '../command.ts';
import { decideAll, type Outcome, users } from './decide-all.ts';
import { type DecisionOptions, decidedBy } from './decisions.ts';

/** What became of a user who was granted; undefined while another worker has the user. */
type Results = Map<UserKey, ReconciliationResult | undefined>;

export async function runAdoptAll(options: AdoptOptions): Promise<ExitCode> {
  if (options.reason !== ADOPTABLE_REASON)
    throw new UsageError(`With --all, --reason must be ${ADOPTABLE_REASON}. Say why you adopt with --why.`);
  const decided = decidedBy({ ...options, reason: options.why });
  const results: Results = new Map();
  return decideAll(options, (engine, limits) => {
    const deps = { ...engine.reconcile, ...engine.assess };
    return {
      command: 'adopt',
      done: 'adopted',
      question: (count) => `Are these the accounts of the ${count}?`,
      limit: { name: 'limits.adoptions', of: limits.adoptions },
      candidates: (tenants) => adoptionCandidates(engine.subjects, tenants),
      propose: (owned) => proposeNamed(deps, owned),
      sample: ({ owned, proposal: { account, evidence, password } }) => ({
        ...{ user: owned.user, did: account.did, handle: account.handle, evidence, password },
      }),
      table: {
        head: ['USER', 'ACCOUNT', 'FOR', 'AGAINST'],
        row: ({ owned, proposal: { account, evidence } }) => [
          owned.user,
          `${account.did} (@${account.handle})`,
          said(evidence, 'for'),
          said(evidence, 'against'),
        ],
      },
      warnings: (proposed) => {
        const count = proposed.filter(({ proposal }) => proposal.password === 'new').length;
        return count === 0 ? [] : [`Of ${users(count)}: ${passwordSentence('new')}`];
      },
      grant: async (one) => {
        await grantNamed(deps, one, decided);
        results.set(one.owned.user, await reconciled(engine, one.owned));
      },
      outcome: () => outcomeOf(results),
    };
  });
}

function said(evidence: readonly Evidence[], says: Evidence['says']): string {
  return evidence.flatMap((one) => (one.says === says ? one.what : [])).join('; ');
}

async function reconciled(
  engine: Engine,
  { user, userId, tenant }: Owned<{ readonly id: Parameters<typeof reconcileNow>[1]['tenant'] }>,
): Promise<ReconciliationResult | undefined> {
  try {
    return await reconcileNow(engine, { user, userId, tenant: tenant.id });
  } catch (error) {
    if (error instanceof UsageError && error.code === 'USER_BUSY') return undefined;
    throw error;
  }
}

function outcomeOf(results: Results): Outcome {
  const reconciliations = [...results].map(([user, result]) => ({
    user,
    end: result?.end ?? 'busy',
    needsAction: (result?.conditions ?? []).flatMap(({ held, type, reason }) =>
      held ? { type, reason } : [],
    ),
  }));
  const open = reconciliations.filter(({ end }) => end !== 'converged');
  const inSync = reconciliations.length - open.length;
  return {
    document: { reconciled: reconciliations },
    lines: [
      `Reconciled: ${users(inSync)} in sync, ${open.length} not.`,
      ...open.map(({ user, end, needsAction }) => {
        const why = needsAction.map(({ type, reason }) => `${type} ${reason}`).join(', ');
        return `  ${visible(user)}  ${why === '' ? end : why}`;
      }),
      ...(open.length === 0 ? [] : ['See what each needs with: concord explain <user>']),
    ],
    isComplete: open.length === 0,
  };
}

export interface AdoptOptions extends DecisionOptions {
  /** Every user with the condition that `reason` names; `why` is kept in the log then. */
  readonly all?: boolean | undefined;
  readonly why?: string | undefined;
  readonly tenant?: string | undefined;
  readonly max?: number | undefined;
  /** Show the evidence and end. */
  readonly preview?: boolean | undefined;
  readonly yes?: boolean | undefined;
  /** Take back a grant that is not carried out yet. */
  readonly withdraw?: boolean | undefined;
}
