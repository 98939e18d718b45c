/** What a person is shown before they decide that an account is a user's. */
import { type AdoptionDeps, proposeAdoption } from '../engine/operations/adoption.ts';
import { passwordSentence } from '../reconcilers/adoption.ts';
import type { AdoptionAnswer } from './answers/decisions.ts';
import { knownAnywhere } from './known-user.ts';
import type { UserDeps } from './user.ts';

/** Throws UsageError USER_NOT_FOUND, and what `proposeAdoption` throws. */
export async function adoptionAnswer(
  { tenants, assess, clock }: UserDeps & { readonly assess: AdoptionDeps },
  key: string,
  named: string | undefined,
): Promise<AdoptionAnswer> {
  const owned = await knownAnywhere({ tenants, events: assess.events, subjects: assess.subjects }, key);
  const { account, evidence, password } = await proposeAdoption(assess, owned, named, clock.now());
  const { did, handle, state } = account;
  return { did, handle, state, evidence, password: { type: password, what: passwordSentence(password) } };
}
