/** What happens to one user before an engine process is killed over it. */
import { randomBytes } from 'node:crypto';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import type { ReconcileDeps } from '../../../src/engine/reconcile/reconcile.ts';
import { UpstreamError } from '../../../src/errors.ts';
import type { Engine } from '../../../src/wiring/engine.ts';
import { chooseHandle, join, type Member, reconcileUser } from '../../support/member.ts';
import type { Platform } from '../../support/platform.ts';

export interface Prepared {
  readonly member: Member;
  /** What Auth0 delivers next. Undefined where the user is due already. */
  readonly entry: unknown;
  /** The label the account is to end with, or `code`. */
  readonly handle: string;
}

export interface Scenario {
  readonly name: string;
  prepare(world: Platform, engine: Engine): Promise<Prepared>;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a verified sign-up with a handle',
    prepare: async (world) => {
      const member = join(world, 'alice');
      await chooseHandle(world, member, member.label);
      return { member, entry: entryOf(member, 'ss'), handle: member.label };
    },
  },
  {
    name: 'a verification after the sign-up',
    prepare: async (world, engine) => {
      const member = join(world, 'bob', { emailVerified: false });
      await deliver(engine, member, entryOf(member, 'ss'));
      await reconcileUser(engine.reconcile, member);
      await world.auth0.verifyEmail(member.userId);
      return { member, entry: entryOf(member, 'sv'), handle: 'code' };
    },
  },
  {
    name: 'another handle',
    prepare: async (world, engine) => {
      const member = join(world, 'alice');
      await deliver(engine, member, entryOf(member, 'ss'));
      await reconcileUser(engine.reconcile, member);
      await chooseHandle(world, member, member.label);
      // A login alone does not have the user read: in a server the change stream tells of the handle.
      return { member, entry: entryOf(member, 'scu'), handle: member.label };
    },
  },
  {
    name: 'a creation whose answer was lost',
    prepare: async (world, engine) => {
      const member = join(world, 'bob');
      await chooseHandle(world, member, member.label);
      await deliver(engine, member, entryOf(member, 'ss'));
      await reconcileUser(answerLost(engine), member);
      return { member, entry: undefined, handle: member.label };
    },
  },
];

export function entryOf({ userId }: Member, type: string): unknown {
  const log_id = randomBytes(12).toString('hex');
  return { log_id, data: { type, user_id: userId, date: new Date().toISOString() } };
}

export type Delivering = Pick<Engine, 'rejects' | 'ignored' | 'tenants'> & {
  readonly reconcile: ReconcileDeps;
};

/** As the webhook takes it in; returns when it would have been acknowledged. */
export async function deliver(engine: Delivering, { tenant }: Member, entry: unknown): Promise<void> {
  const { log, queue, clock } = engine.reconcile;
  const of = engine.tenants.find(({ id }) => id === tenant);
  if (of === undefined) throw new Error(`${tenant} is not configured.`);
  await ingest({ log, queue, clock, rejects: engine.rejects, ignored: engine.ignored }, of, [entry]);
}

function answerLost({ reconcile: deps }: Engine): ReconcileDeps {
  const createAccount: typeof deps.accounts.createAccount = async (account) => {
    await deps.accounts.createAccount(account);
    throw new UpstreamError('the connection broke', {
      upstream: 'pds',
      code: 'UNREACHABLE',
      retryable: true,
      effect: 'unknown',
    });
  };
  return { ...deps, accounts: { ...deps.accounts, createAccount } };
}
