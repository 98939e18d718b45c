/** `concord plan [user]`: what would be done, and why. Reads only. */
import { assess, isDrifted } from '../engine/assess.ts';
import { dryRun } from '../engine/dry-run.ts';
import type { View } from '../engine/look.ts';
import { type UserKey, userKey } from '../identity.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { formatTable } from '../terminal/table.ts';
import { type ReadSide, wireReadSide } from '../wire.ts';
import { tenantsNamed } from './audit.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, type Terminal, terminalOf } from './command.ts';
import { findUser } from './find-user.ts';

export interface PlanOptions extends GlobalOptions {
  readonly tenant?: string | undefined;
  /** The most users to list. */
  readonly limit: number;
}

interface PlannedAction {
  readonly resource: string;
  readonly type: string;
  readonly detail: string;
}

interface PlannedUser {
  readonly user: UserKey;
  readonly actions: readonly PlannedAction[];
  /** Not as desired, and nothing is planned: a person or time is waited for. */
  readonly waiting: readonly {
    readonly resource: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly unknown: readonly { readonly resource: string; readonly code: string }[];
}

export async function runPlan(text: string | undefined, options: PlanOptions): Promise<ExitCode> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds']);
  const terminal = terminalOf(options);
  const side = wireReadSide(config);
  try {
    const planned = text === undefined ? await planAll(side, options, terminal) : [await planOne(side, text)];
    const users = planned.filter(
      (user) => user.actions.length + user.waiting.length + user.unknown.length > 0,
    );
    if (terminal.json)
      printJson({ command: 'plan', users: users.slice(0, options.limit), usersInTrouble: users.length });
    else printPlan(users, options.limit, terminal);
    return users.length > 0 ? EXIT.differences : EXIT.clean;
  } finally {
    await side.close();
  }
}

async function planAll(side: ReadSide, options: PlanOptions, terminal: Terminal): Promise<PlannedUser[]> {
  const planned: PlannedUser[] = [];
  const progress = createProgress({
    label: 'looking at users',
    stream: terminal.stderr,
    now: () => new Date(),
  });
  let seen = 0;
  for (const tenant of tenantsNamed(side.tenants, options.tenant)) {
    for await (const page of tenant.directory.everyone()) {
      const assessments = await assess(side.assess, tenant, page.users, new Date());
      planned.push(...assessments.filter(isDrifted).map(({ user, view }) => plannedUser(user, view)));
      for (const { userId } of page.unreadable ?? [])
        if (userId !== undefined) planned.push(unreadableUser(userKey(tenant.keyPrefix, userId)));
      seen += page.users.length;
      progress.update(seen);
    }
  }
  progress.finish();
  return planned;
}

function unreadableUser(user: UserKey): PlannedUser {
  return { user, actions: [], waiting: [], unknown: [{ resource: 'auth0', code: 'UNEXPECTED_ANSWER' }] };
}

async function planOne(side: ReadSide, text: string): Promise<PlannedUser> {
  const { user, userId, tenant } = await findUser(text, side.tenants, side.assess.documents);
  const { view } = await dryRun(side.assess, tenant, user, userId, new Date());
  return plannedUser(user, view);
}

export function plannedUser(user: UserKey, view: View): PlannedUser {
  const acting = new Set<string>(view.actions.map(({ resource }) => resource));
  const idle = view.conditions.filter(({ type, status }) => status === 'False' && !acting.has(type));
  return {
    user,
    actions: view.actions.map(plannedAction),
    waiting: idle.map(({ type, reason, message }) => ({ resource: type, reason, message })),
    unknown: view.failures.map(({ resource, code }) => ({ resource, code })),
  };
}

export function plannedAction(action: View['actions'][number]): PlannedAction {
  return { resource: action.resource, type: action.type, detail: detailOf(action) };
}

/** What distinguishes this action from another of its type. Never an address. */
function detailOf(action: View['actions'][number]): string {
  switch (action.type) {
    case 'record-verification':
      return `count ${action.count}`;
    case 'create-user-document':
    case 'assign-code':
      return `signed up ${action.signedUpAt.toISOString()}`;
    case 'create-account':
      return action.handle;
    case 'complete-creation':
    case 'record-account':
    case 'record-handle':
      return action.account.did;
    case 'adopt-account':
      return action.account.did;
    case 'reset-password':
    case 'reactivate-account':
    case 'deactivate-account':
    case 'delete-account':
    case 'delete-remnant':
    case 'change-email':
      return action.did;
    case 'abandon-creation':
      return action.intent.handle;
    case 'change-handle':
      return `${action.account.handle} to ${action.to}`;
  }
}

export function printPlan(users: readonly PlannedUser[], limit: number, { stdout, style }: Terminal): void {
  if (users.length === 0) {
    stdout.write(`${style('green', 'Nothing to do: everyone is as desired.')}\n`);
    return;
  }
  const rows = users
    .slice(0, limit)
    .flatMap((user) => [
      ...user.actions.map(({ resource, type, detail }) => [user.user, resource, type, detail]),
      ...user.waiting.map(({ resource, reason, message }) => [user.user, resource, `– (${reason})`, message]),
      ...user.unknown.map(({ resource, code }) => [user.user, resource, 'unknown', code]),
    ]);
  stdout.write(
    `${formatTable({ head: ['USER', 'RESOURCE', 'ACTION', 'DETAIL'], rows, style, width: stdout.columns })}\n`,
  );
  const actions = users.reduce((sum, user) => sum + user.actions.length, 0);
  const unlisted = Math.max(0, users.length - limit);
  stdout.write(
    `${actions} actions for ${users.length} users${unlisted > 0 ? `, ${unlisted} of them not listed` : ''}.\n`,
  );
}
