import { createInterface } from 'node:readline/promises';
import { UsageError } from '../errors.ts';

/** Asks on the terminal, on stderr, and takes only a clear yes. Without a terminal, `--yes` has to say it. */
export async function confirm(question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  if (!(process.stdin.isTTY && process.stderr.isTTY)) {
    throw new UsageError('There is no terminal to ask on. Say --yes if you mean it.', 'NOT_CONFIRMED');
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim());
  } finally {
    prompt.close();
  }
}
