/**
 * The condition of the user in Auth0. It names unusable fields that block nothing; those that block something are in the
 * conditions of the account, its address and the users document.
 */

import type { ConditionDraft } from '../../events/condition.ts';
import type { Auth0Field } from '../../events/data/auth0.ts';
import type { Facts } from '../../events/facts.ts';
import { unusableIn } from '../../events/fold-auth0.ts';
import { inSync } from '../../reconcilers/reconciler.ts';

const COUNTS_AS: Readonly<Partial<Record<Auth0Field, string>>> = {
  blocked: 'The user counts as not blocked: Auth0 has a value in blocked that cannot be used.',
  identities: 'Linked users that cannot be read in identities count as not linked.',
};

export function auth0Condition(facts: Pick<Facts, 'auth0' | 'absentSince'>): ConditionDraft {
  const type = 'auth0';
  if (facts.absentSince !== undefined)
    return inSync({ type, reason: 'UserGone', message: 'Auth0 has no such user.' });
  const notes = unusableIn(facts, ['blocked', 'identities']).flatMap((field) => COUNTS_AS[field] ?? []);
  const reason = notes.length === 0 ? 'UserKnown' : 'FieldUnusable';
  return inSync({ type, reason, message: ['Auth0 has this user.', ...notes].join(' ') });
}
