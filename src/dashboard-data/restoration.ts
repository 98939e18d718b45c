/** What a person is shown before they decide that what was removed is created again. */
import { proposeRestore } from '../engine/operations/restore.ts';
import type { RestorationAnswer } from './answers/decisions.ts';
import { knownAnywhere } from './known-user.ts';
import type { UserDeps } from './user.ts';

/** Throws UsageError USER_NOT_FOUND, and what `proposeRestore` throws. */
export async function restorationAnswer(
  { tenants, assess, clock }: UserDeps,
  key: string,
): Promise<RestorationAnswer> {
  const owned = await knownAnywhere({ tenants, events: assess.events, subjects: assess.subjects }, key);
  const { what, lostAccount = null, writes, warnings } = await proposeRestore(assess, owned, clock.now());
  return { what, lostAccount, writes, warnings };
}
