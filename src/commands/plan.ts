/** `concord plan [user]`: what would be done, and why. Reads only. */
import type { Config } from '../config/schema.ts';
import { type AssessedTenant, type Assessment, assess, isDrifted } from '../engine/assess.ts';
import { dryRun } from '../engine/dry-run.ts';
import type { View } from '../engine/look.ts';
import { pausedUsers, pausedView, withPause } from '../engine/paused.ts';
import { type PlannedAction, restsOn } from '../engine/saved-plan.ts';
import { sideBySide } from '../engine/side-by-side.ts';
import type { Facts } from '../events/fold.ts';
import { type TenantId, type UserKey, userKey } from '../identity.ts';
import { printJson } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';
import { formatTable } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { type ReadSide, wireReadSide } from '../wire.ts';
import { tenantsNamed } from './audit.ts';
import { configFor, EXIT, type ExitCode, type GlobalOptions, type Terminal, terminalOf } from './command.ts';
import { type FoundUser, findUser } from './find-user.ts';
import { newSalt, placeOf, savedPlan, writePlanFile } from './plan-file.ts';

export interface PlanOptions extends GlobalOptions {
  readonly tenant?: string | undefined;
  /** The most users to list. */
  readonly limit: number;
  /** Where to write the plan, for `concord apply`: everyone's, whatever is listed. */
  readonly out?: string | undefined;
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

/** Who differs, as they were found. */
interface Found {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly facts: Facts;
  readonly view: View;
}

interface Search {
  readonly found: readonly Found[];
  /** In the listing, in a way that could not be read. */
  readonly unreadable: readonly UserKey[];
  /** How many users each listing had; empty when one user was asked for. */
  readonly listed: ReadonlyMap<TenantId, number>;
}

export async function runPlan(text: string | undefined, options: PlanOptions): Promise<ExitCode> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds']);
  const terminal = terminalOf(options);
  const side = wireReadSide(config);
  try {
    const search = text === undefined ? await planAll(side, options, terminal) : await planOne(side, text);
    const users = search.found
      .map(({ user, view }) => plannedUser(user, view))
      .concat(search.unreadable.map(unreadableUser))
      .filter((user) => user.actions.length + user.waiting.length + user.unknown.length > 0);
    const file = options.out === undefined ? undefined : save(options.out, config, search);
    if (terminal.json)
      printJson({
        ...{ command: 'plan', users: users.slice(0, options.limit), usersInTrouble: users.length },
        ...(file === undefined ? {} : { out: file }),
      });
    else {
      printPlan(users, options.limit, terminal);
      if (file !== undefined)
        terminal.stdout.write(
          `The plan for ${file.users} of them is in ${visible(file.path)}: concord apply ${visible(file.path)}\n`,
        );
    }
    return users.length > 0 ? EXIT.differences : EXIT.clean;
  } finally {
    await side.close();
  }
}

async function planAll(side: ReadSide, options: PlanOptions, terminal: Terminal): Promise<Search> {
  const found: Found[] = [];
  const unreadable: UserKey[] = [];
  const listed = new Map<TenantId, number>();
  const progress = createProgress({
    label: 'looking at users',
    stream: terminal.stderr,
    now: () => new Date(),
  });
  const paused = await pausedUsers(side.assess.events, new Date());
  let seen = 0;
  for (const tenant of tenantsNamed(side.tenants, options.tenant)) {
    const before = seen;
    for await (const page of tenant.directory.everyone()) {
      const assessments = await assess(side.assess, tenant, page.users, new Date());
      const drifted = assessments.map((one) => withPause(one, paused)).filter(isDrifted);
      // What is to be carried out rests on a read by id, and not on a listing, which may be late.
      found.push(
        ...(options.out === undefined
          ? drifted.map(({ user, facts, view }) => ({ user, tenant: tenant.id, facts, view }))
          : await lookById(side, tenant, drifted)),
      );
      for (const { userId } of page.unreadable ?? [])
        if (userId !== undefined) unreadable.push(userKey(tenant.keyPrefix, userId));
      seen += page.users.length;
      progress.update(seen);
    }
    listed.set(tenant.id, seen - before);
  }
  progress.finish();
  return { found, unreadable, listed };
}

async function lookById(
  side: ReadSide,
  tenant: AssessedTenant,
  drifted: readonly Assessment[],
): Promise<Found[]> {
  const found: Found[] = [];
  await sideBySide(drifted, async ({ user, auth0: { userId } }) => {
    found.push(await lookAt(side, { user, userId, tenant }));
  });
  return found;
}

async function lookAt(side: ReadSide, { user, userId, tenant }: FoundUser): Promise<Found> {
  const now = new Date();
  const { facts, view } = await dryRun(side.assess, tenant, user, userId, now);
  return { user, tenant: tenant.id, facts, view: pausedView(view, facts, now) };
}

async function planOne(side: ReadSide, text: string): Promise<Search> {
  const found = await lookAt(side, await findUser(text, side.tenants, side.assess.documents));
  return { found: [found], unreadable: [], listed: new Map() };
}

/** Of whoever has something to be done. */
function save(path: string, config: Config, { found, listed }: Search) {
  const salt = newSalt();
  const users = found
    .filter(({ view }) => view.actions.length > 0)
    .map(({ user, tenant, facts, view }) => ({
      ...{ user, tenant, actions: view.actions.map(plannedAction), rests: restsOn(facts, view, salt) },
    }));
  const place = placeOf(config);
  const tenants = place.tenants.map((tenant) => ({ ...tenant, users: listed.get(tenant.id) ?? null }));
  writePlanFile(path, savedPlan(place, tenants, users, salt, new Date()));
  return { path, users: users.length };
}

function unreadableUser(user: UserKey): PlannedUser {
  return { user, actions: [], waiting: [], unknown: [{ resource: 'auth0', code: 'UNEXPECTED_ANSWER' }] };
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
