/** `concord plan [user]`: what Concord would do, and why. Reads only. */

import { sideBySide } from '../../concurrency/map-limit.ts';
import type { Config } from '../../config/schema.ts';
import { notExcluded } from '../../engine/intake/owner.ts';
import { restsOn, type SavedPlan, type SavedUser } from '../../engine/operations/saved-plan.ts';
import { dryRun } from '../../engine/reconcile/dry-run.ts';
import { type Ahead, lookAhead } from '../../engine/reconcile/look-ahead.ts';
import type { AssessedTenant } from '../../engine/reconcile/read-side.ts';
import type { FoundUser } from '../../engine/reports/find-user.ts';
import { assess, isDrifted } from '../../engine/sweep/assess.ts';
import type { Assessment } from '../../engine/sweep/assessment.ts';
import { pausedUsers, pausedView, withPause } from '../../engine/sweep/paused.ts';
import { UpstreamError, UsageError } from '../../errors.ts';
import type { Facts } from '../../events/facts.ts';
import { inexactSentence } from '../../events/inexact.ts';
import type { TenantId, UserKey } from '../../identity.ts';
import type { View } from '../../reconcilers/view.ts';
import { printJson } from '../../terminal/output.ts';
import { createProgress } from '../../terminal/progress.ts';
import { visible } from '../../terminal/visible.ts';
import { type ReadSide, wireReadSide } from '../../wiring/read-side.ts';
import { tenantsNamed } from '../audit/tenants-named.ts';
import {
  EXIT,
  type ExitCode,
  type GlobalOptions,
  reachedConfigFor,
  type Terminal,
  terminalOf,
} from '../command.ts';
import { findUserToTouch } from '../user/find-user.ts';
import { newSalt, placeOf, readPlanFile, savedPlan, writePlanFile } from './plan-file.ts';
import { type PlannedUser, plannedUser, printPlan, printSavedPlan } from './plan-report.ts';

export interface PlanOptions extends GlobalOptions {
  readonly tenant?: string | undefined;
  /** The most users to list. */
  readonly limit: number;
  /** Where to save the plan of all users, for `concord apply`, whatever is listed. */
  readonly out?: string | undefined;
  /** A saved plan to print instead. */
  readonly show?: string | undefined;
}

/** A user who is out of sync, as observed. */
interface Found {
  readonly user: UserKey;
  readonly facts: Facts;
  readonly view: View;
  readonly ahead: Ahead;
}

/** The result of a search: it keeps only what is shown or saved, since there may be very many users. */
interface Search {
  readonly users: PlannedUser[];
  readonly saved: SavedUser[];
  /** Undefined when nothing is saved. */
  readonly salt: string | undefined;
  /** How many users each listing had; empty when one user was asked for. */
  readonly listed: Map<TenantId, number>;
}

export async function runPlan(text: string | undefined, options: PlanOptions): Promise<ExitCode> {
  const { out, limit } = options;
  if (text !== undefined && options.tenant !== undefined)
    throw new UsageError('Give a user or --tenant, not both.');
  const terminal = terminalOf(options);
  if (options.show !== undefined) {
    if (text !== undefined) throw new UsageError('Give a user or --show, not both.');
    return showPlan(readPlanFile(options.show), limit, terminal);
  }
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds']);
  const side = wireReadSide(config);
  const salt = out === undefined ? undefined : newSalt();
  const search: Search = { users: [], saved: [], salt, listed: new Map() };
  try {
    await side.checkCollations();
    if (text === undefined) await planAll(side, options, terminal, search);
    const one = text === undefined ? undefined : await planOne(side, text, search);
    const { users, saved } = search;
    if (out !== undefined) save(out, config, search);
    const file = out === undefined ? {} : { out: { path: out, users: saved.length } };
    if (terminal.json)
      printJson({ command: 'plan', users: users.slice(0, limit), usersInTrouble: users.length, ...file });
    else {
      printPlan(users, limit, terminal, one?.facts);
      if (out !== undefined)
        terminal.stdout.write(
          `The plan for ${saved.length} of them is in ${visible(out)}: concord apply ${visible(out)}\n`,
        );
    }
    return users.length > 0 ? EXIT.differences : EXIT.clean;
  } finally {
    await side.close();
  }
}

/** With the exit code that making it has. */
function showPlan(plan: SavedPlan, limit: number, terminal: Terminal): ExitCode {
  const { users, salt: _secret, ...head } = plan;
  const shown = users.slice(0, limit).map(({ rests: _digests, ...user }) => user);
  if (terminal.json) printJson({ command: 'plan', saved: { ...head, users: users.length }, users: shown });
  else printSavedPlan(plan, limit, terminal);
  return users.length > 0 ? EXIT.differences : EXIT.clean;
}

async function planAll(
  side: ReadSide,
  options: PlanOptions,
  terminal: Terminal,
  search: Search,
): Promise<void> {
  const progress = createProgress({
    label: 'comparing users',
    stream: terminal.stderr,
    now: () => new Date(),
  });
  const paused = await pausedUsers(side.assess.events, new Date());
  let seen = 0;
  for (const tenant of tenantsNamed(side.tenants, options.tenant)) {
    const before = seen;
    for await (const page of tenant.directory.everyone()) {
      const assessments = await assess(side.assess, tenant, notExcluded(page.users, tenant), new Date());
      const drifted = assessments.map((one) => withPause(one, paused)).filter(isDrifted);
      // A saved plan needs a read by id, because a listing may be late.
      const found = await observeEach(side, tenant, drifted, search.salt !== undefined);
      for (const one of found) note(search, tenant, one);
      if (page.inexact !== undefined)
        terminal.stderr.write(
          `The listing of ${visible(tenant.id)} is incomplete: ${inexactSentence(page.inexact)} The plan covers listed users only.\n`,
        );
      seen += page.users.length;
      progress.update(seen);
    }
    search.listed.set(tenant.id, seen - before);
  }
  progress.finish();
}

interface Unreadable {
  readonly user: UserKey;
  readonly code: string;
}

/** A user who cannot be read is listed, and does not stop the others. */
async function observeEach(
  side: ReadSide,
  tenant: AssessedTenant,
  drifted: readonly Assessment[],
  isById: boolean,
): Promise<(Found | Unreadable)[]> {
  const looked: (Found | Unreadable)[] = [];
  await sideBySide([...drifted.entries()], async ([at, assessment]) => {
    const { user, auth0 } = assessment;
    try {
      looked[at] = isById
        ? await observeOne(side, { user, userId: auth0.userId, tenant })
        : await withAhead(side, tenant, user, assessment, new Date());
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      looked[at] = { user, code: error.code };
    }
  });
  return looked;
}

/** By the user's id, with all that would follow. */
export async function observeOne(
  side: Pick<ReadSide, 'assess'>,
  { user, userId, tenant }: FoundUser,
): Promise<Found> {
  const now = new Date();
  const { view, ...learned } = await dryRun(side.assess, tenant, user, userId, now);
  return withAhead(side, tenant, user, { ...learned, view: pausedView(view, learned.facts, now) }, now);
}

async function withAhead(
  side: Pick<ReadSide, 'assess'>,
  tenant: AssessedTenant,
  user: UserKey,
  { facts, linkedUser, view }: Pick<Assessment, 'facts' | 'linkedUser' | 'view'>,
  now: Date,
): Promise<Found> {
  const ahead = await lookAhead(side.assess, tenant, user, { facts, linkedUser }, view, now);
  return { user, facts, view, ahead };
}

async function planOne(side: ReadSide, text: string, search: Search): Promise<Found> {
  const found = await findUserToTouch(text, side.tenants, side.assess);
  const looked = await observeOne(side, found);
  note(search, found.tenant, looked);
  return looked;
}

function note({ users, saved, salt }: Search, tenant: AssessedTenant, one: Found | Unreadable): void {
  const planned = 'code' in one ? unreadableUser(one) : plannedUser(one.user, one.view, one.ahead);
  if (planned.actions.length + planned.waiting.length + planned.unknown.length > 0) users.push(planned);
  if (salt === undefined || 'code' in one || planned.actions.length === 0) return;
  const { user, facts, view } = one;
  const { actions, mayFollow } = planned;
  saved.push({ user, tenant: tenant.id, actions, mayFollow, rests: restsOn(facts, view, salt) });
}

/** The users with planned actions. */
function save(path: string, config: Config, { saved, salt = '', listed }: Search): void {
  const place = placeOf(config);
  const tenants = place.tenants.map((tenant) => ({ ...tenant, users: listed.get(tenant.id) ?? null }));
  writePlanFile(path, savedPlan(place, tenants, saved, salt, new Date()));
}

function unreadableUser({ user, code }: Unreadable): PlannedUser {
  return { user, actions: [], mayFollow: null, waiting: [], unknown: [{ resource: 'auth0', code }] };
}
