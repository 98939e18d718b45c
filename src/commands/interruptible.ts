/** A long run with a progress bar that Ctrl-C ends in good order; a second Ctrl-C ends the process at once. */
import { createProgress } from '../terminal/progress.ts';
import type { Terminal } from './command.ts';

export interface Interruptible {
  readonly onProgress: (done: number) => void;
  readonly signal: AbortSignal;
}

export async function untilInterrupted<T>(
  { label, total }: { readonly label: string; readonly total?: number | undefined },
  { stderr }: Pick<Terminal, 'stderr'>,
  run: (options: Interruptible) => Promise<T>,
): Promise<T> {
  const stopped = new AbortController();
  const stop = () => {
    stopped.abort();
    stderr.write('Stopping. Run the command again to continue.\n');
  };
  const progress = createProgress({ label, total, stream: stderr, now: () => new Date() });
  process.once('SIGINT', stop);
  try {
    return await run({ onProgress: (done) => progress.update(done), signal: stopped.signal });
  } finally {
    progress.finish();
    process.removeListener('SIGINT', stop);
  }
}
