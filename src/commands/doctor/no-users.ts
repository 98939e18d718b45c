/** `concord doctor --fix`, the part about subjects that are no users: a list first, then the question. */
import type { Config } from '../../config/schema.ts';
import { counted } from '../../count.ts';
import { type NoUser, removeNoUsers } from '../../doctor/no-users.ts';
import type { UserKey } from '../../identity.ts';
import { visible } from '../../terminal/visible.ts';
import { wireDoctor, wireRepair } from '../../wiring/doctor.ts';
import { systemClock } from '../../wiring/system.ts';
import type { Terminal } from '../command.ts';
import { confirm } from '../confirm.ts';

export interface CleanedUp {
  readonly removed: readonly UserKey[];
  /** Being reconciled at the moment. */
  readonly busy: readonly UserKey[];
  /** Found, and not removed because it was not confirmed. */
  readonly left: readonly UserKey[];
}

const NOTHING: CleanedUp = { removed: [], busy: [], left: [] };

export async function cleanUpNoUsers(
  config: Config,
  { yes }: { readonly yes?: boolean | undefined },
  { json, stdout, stderr }: Terminal,
): Promise<CleanedUp> {
  const none = await findNoUsers(config);
  if (none.length === 0) return NOTHING;
  // stdout has the JSON document, so the list to confirm goes to stderr.
  const list = json ? stderr : stdout;
  if (!(json && yes === true))
    for (const { user, tenant } of none) list.write(`  ${visible(user)} of ${tenant} is not a user\n`);
  const question = `Remove ${counted(none.length, 'subject')} from the read model and the queue? The log stays.`;
  if (!(await confirm(question, yes))) return { ...NOTHING, left: none.map(({ user }) => user) };
  const { queue, leaseMs, close } = wireRepair(config);
  try {
    const { removed, busy } = await removeNoUsers(queue, { clock: systemClock, leaseMs }, none);
    if (!json) {
      stdout.write(`  removed ${counted(removed.length, 'subject')}\n`);
      for (const { user } of busy)
        stdout.write(`  ${visible(user)} is being reconciled and was skipped. Run this again\n`);
    }
    return { ...NOTHING, removed: keysOf(removed), busy: keysOf(busy) };
  } finally {
    await close();
  }
}

async function findNoUsers(config: Config): Promise<readonly NoUser[]> {
  const { side, close } = wireDoctor(config, systemClock);
  try {
    return await side().noUsers.noUsers(config.tenants.map(({ id }) => id));
  } finally {
    await close();
  }
}

function keysOf(some: readonly NoUser[]): readonly UserKey[] {
  return some.map(({ user }) => user);
}
