import { createInterface } from 'node:readline/promises';
import type { Config } from '../config/schema.ts';
import { counted } from '../count.ts';
import { UsageError } from '../errors.ts';
import { visible } from '../terminal/visible.ts';

/** Names what is about to be written to, before any question and also without one. On stderr, since stdout has the result. */
export function nameTarget({ mongodb, pds, tenants }: TargetConfig, users: number | 'all'): void {
  const count = users === 'all' ? 'all users' : counted(users, 'user');
  const ids = tenants.map(({ id }) => id);
  const { host } = new URL(pds.url);
  process.stderr.write(
    visible(
      `Target: database ${mongodb.database}, ${ids.length === 1 ? 'tenant' : 'tenants'} ${ids.join(', ')}, PDS ${host}, ${count}.`,
    ).concat('\n'),
  );
}

interface TargetConfig {
  readonly mongodb: Pick<Config['mongodb'], 'database'>;
  readonly pds: Pick<Config['pds'], 'url'>;
  readonly tenants: readonly { readonly id: string }[];
}

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
