/** A person who restores what was removed of a user, as they are shown it. */

import { type DecideDeps, decide } from '../../../../src/engine/intake/decision.ts';
import type { Owned } from '../../../../src/engine/intake/owner.ts';
import { grantRestore, proposeRestore } from '../../../../src/engine/operations/restore.ts';
import type { AssessDeps, AssessedTenant } from '../../../../src/engine/reconcile/read-side.ts';
import { UsageError } from '../../../../src/errors.ts';

/** There is nothing to restore, or nothing may be restored. */
const REFUSALS = new Set([
  ...['NOTHING_REMOVED', 'ACCOUNT_MIGRATED'],
  ...['USER_DELETED', 'USER_BLOCKED', 'USER_FORGOTTEN'],
]);

export async function restoreAll(deps: AssessDeps & DecideDeps, owned: Owned<AssessedTenant>): Promise<void> {
  try {
    const { what } = await proposeRestore(deps, owned, deps.clock.now());
    await grantRestore(deps, owned, what, { by: 'a person' });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (error.code === 'RESTORE_GRANTED') return reconcileNow(deps, owned);
    // It has changed since it was shown, so the person looks again.
    if (!REFUSALS.has(error.code)) throw Object.assign(error, { retryable: true });
  }
}

/** The command broke off before the user was due, so the person asks for a reconciliation. */
async function reconcileNow(
  deps: DecideDeps,
  { user, userId, tenant }: Owned<AssessedTenant>,
): Promise<void> {
  const wish = { by: 'a person', reason: 'a restore was granted' };
  await decide(deps, { user, userId, tenant: tenant.id }, 'reconcile.requested', wish);
}
