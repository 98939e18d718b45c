/** What an approval allows, and nothing beyond. */
import type { HaltAnswer } from '../../src/dashboard-data/answers/sweeps.ts';
import { count } from '../words.ts';

export function consequenceOf({ kind, count: many, of }: Pick<HaltAnswer, 'kind' | 'count' | 'of'>): string {
  switch (kind) {
    case 'removals':
      return `${count(many, 'account')} of deleted users may be deactivated or deleted, as the policy says. Each user is read from Auth0 once more before anything happens; a deleted account cannot be brought back.`;
    case 'renames':
      return `${count(many, 'account')} may get another handle. Each user is read again before anything happens.`;
    case 'disappearances':
      return `${count(many, 'user')} lack a document or an account that was there before. Each user is read again and then needs action. The approval alone restores nothing.`;
    case 'source':
      return `Auth0 listed ${count(many, 'user')} where ${count(of, 'user is', 'users are')} known, and sweeps accept this from now on. Each missing user is read by id, and a user who is missing there too counts as deleted. The approval alone removes no account.`;
  }
}
