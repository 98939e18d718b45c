import { createInterface } from 'node:readline/promises';
import { UsageError } from '../errors.ts';

/** Asks on the terminal, on stderr, and accepts only yes. Without a terminal, `--yes` is required. */
export async function confirm(question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  if (!(process.stdin.isTTY && process.stderr.isTTY)) {
    throw new UsageError('There is no terminal to ask on. Give --yes to confirm.', 'NOT_CONFIRMED');
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim());
  } finally {
    prompt.close();
  }
}
