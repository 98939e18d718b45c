/** What a safety limit of a sweep halted, as a sentence without its end. */
import { counted } from '../count.ts';
import type { EventData } from './event.ts';

export type HaltCounts = Pick<EventData['sweep.halted'], 'kind' | 'limit' | 'count' | 'of'>;

export function haltClause({ kind, limit, count, of }: HaltCounts): string {
  return `${happening(kind, count, of)}, and the limit is ${limit}`;
}

function happening(kind: HaltCounts['kind'], count: number, of: number): string {
  switch (kind) {
    case 'removals':
      return `${counted(count, 'account')} of ${counted(of, 'user')} would be removed`;
    case 'renames':
      return `${counted(count, 'account')} of ${counted(of, 'user')} would be renamed`;
    case 'disappearances':
      return `${count} of ${counted(of, 'user')} ${count === 1 ? 'lacks' : 'lack'} a document or an account that was there before`;
    case 'source':
      return `Auth0 listed ${counted(count, 'user')} where ${of} are known`;
  }
}
