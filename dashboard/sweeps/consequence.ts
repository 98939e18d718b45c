/** What an approval lets happen, and nothing beyond. */
import type { HaltAnswer } from '../../src/dashboard-data/answers.ts';
import { count } from '../words.ts';

export function consequenceOf({ kind, count: many, of }: Pick<HaltAnswer, 'kind' | 'count' | 'of'>): string {
  switch (kind) {
    case 'removals':
      return `${count(many, 'account')} of users who are gone in Auth0 may be deactivated or deleted, as the policy says. Each user is read from Auth0 once more before anything happens; a deleted account cannot be brought back.`;
    case 'renames':
      return `${count(many, 'account')} may get another handle. Each user is read again before anything happens.`;
    case 'disappearances':
      return `${count(many, 'user')} lack a document or an account that was there before. Each user is read again and then needs action: nothing is restored by this alone.`;
    case 'source':
      return `Auth0 listed ${count(many, 'user')} where ${count(of, 'user is', 'users are')} known, and sweeps believe it from now on: whoever is missing is asked for by id, and who is not there either counts as gone. No account is removed by this alone.`;
  }
}
