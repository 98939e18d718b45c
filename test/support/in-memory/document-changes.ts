/** Changes to documents that a test makes happen, on a server with change streams or without. */
import { UpstreamError } from '../../../src/errors.ts';
import type { UserKey } from '../../../src/identity.ts';
import type { ChangedHandle, DocumentChange, DocumentChanges } from '../../../src/ports/documents.ts';

export interface InMemoryChanges extends DocumentChanges {
  hasStreams: boolean;
  /** The server's history does not go back beyond this position any more. */
  forgetBefore(position: number): void;
  readonly rows: ChangedHandle[];
  /** Where each stream was begun, in their order. */
  readonly begun: (string | undefined)[];
  happen(user: UserKey | undefined, what?: Partial<Pick<DocumentChange, 'isWhole' | 'removed'>>): void;
  /** The connection breaks: whoever follows is told. */
  breakOff(code: string): void;
}

export function inMemoryChanges(): InMemoryChanges {
  const history: Pick<DocumentChange, 'user' | 'isWhole' | 'removed'>[] = [];
  const rows: ChangedHandle[] = [];
  const begun: (string | undefined)[] = [];
  let oldest = 0;
  let broken: string | undefined;
  let wake: () => void = () => undefined;
  const self: InMemoryChanges = {
    hasStreams: true,
    rows,
    begun,
    forgetBefore: (position) => {
      oldest = position;
    },
    happen: (user, { isWhole = false, removed = [] } = {}) => {
      history.push({ user, isWhole, removed });
      wake();
    },
    breakOff: (code) => {
      broken = code;
      wake();
    },
    async *follow(from, signal): AsyncIterable<DocumentChange> {
      if (!self.hasStreams) throw failure('NO_CHANGE_STREAMS', false);
      begun.push(from);
      if (from !== undefined && Number(from) < oldest) throw failure('POSITION_LOST', false);
      signal.addEventListener('abort', () => wake(), { once: true });
      let at = from === undefined ? history.length : Number(from);
      yield { user: undefined, removed: [], position: String(at), at: undefined, isWhole: false };
      while (!signal.aborted) {
        if (broken !== undefined) {
          const code = broken;
          broken = undefined;
          throw failure(code, code !== 'POSITION_LOST');
        }
        const change = history[at];
        if (change !== undefined) {
          at += 1;
          yield { ...change, position: String(at), at: undefined };
          continue;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async *handlesSince(since) {
      const found = rows.filter(({ at }) => at >= since);
      if (found.length > 0) yield found;
    },
  };
  return self;
}

function failure(code: string, retryable: boolean): UpstreamError {
  return new UpstreamError('the changes broke off', { upstream: 'mongodb', code, retryable });
}
