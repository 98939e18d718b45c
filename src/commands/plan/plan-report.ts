/** A plan as a person reads it: every action with what it changes, and marks for what cannot be undone. */
import { counted } from '../../count.ts';
import { type PlannedStep, plannedStep } from '../../engine/operations/planned.ts';
import type { SavedPlan } from '../../engine/operations/saved-plan.ts';
import type { Ahead } from '../../engine/reconcile/look-ahead.ts';
import type { Facts } from '../../events/facts.ts';
import type { UserKey } from '../../identity.ts';
import type { View } from '../../reconcilers/view.ts';
import { formatTable } from '../../terminal/table.ts';
import { visible } from '../../terminal/visible.ts';
import type { Terminal } from '../command.ts';

export interface PlannedUser {
  readonly user: UserKey;
  readonly actions: readonly PlannedStep[];
  /** Why more actions may follow, as a sentence. */
  readonly mayFollow: string | null;
  /** Out of sync without a planned action: a person or time resolves it. */
  readonly waiting: readonly {
    readonly resource: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly unknown: readonly { readonly resource: string; readonly code: string }[];
}

/** The resources that no action of any round is about are listed with what they wait for. */
export function plannedUser(user: UserKey, view: View, ahead: Ahead): PlannedUser {
  const acting = new Set<string>(ahead.actions.map(({ action }) => action.resource));
  const idle = view.conditions.filter(({ type, status }) => status === 'False' && !acting.has(type));
  return {
    user,
    actions: ahead.actions.map(plannedStep),
    mayFollow: ahead.mayFollow ?? null,
    waiting: idle.map(({ type, reason, message }) => ({ resource: type, reason, message })),
    unknown: view.failures.map(({ resource, code }) => ({ resource, code })),
  };
}

/** `one`: the only user who was compared. */
export function printPlan(
  users: readonly PlannedUser[],
  limit: number,
  terminal: Terminal,
  one?: Pick<Facts, 'absentSince'>,
): void {
  const { stdout, style } = terminal;
  if (users.length === 0) {
    const isDeleted = one?.absentSince !== undefined;
    const why = isDeleted ? 'Auth0 does not have this user.' : style('green', 'all users are in sync.');
    stdout.write(`Nothing to do: ${why}\n`);
    return;
  }
  printActions(users.slice(0, limit), terminal);
  const actions = users.reduce((sum, user) => sum + user.actions.length, 0);
  stdout.write(`${counted(actions, 'action')} for ${usersOf(users.length, limit)}.\n`);
}

function usersOf(count: number, listed: number): string {
  const users = counted(count, 'user');
  return count > listed ? `${users}, ${count - listed} of them not listed` : users;
}

/** What holds each user to the plan is in words, because the file has digests of it. */
export function printSavedPlan(plan: SavedPlan, limit: number, terminal: Terminal): void {
  const { madeAt, concord, database, pds, tenants, users } = plan;
  const { stdout } = terminal;
  const ids = tenants.map(({ id, domain }) => `${id} (${domain})`).join(', ');
  stdout.write(`Plan of ${madeAt}, made by Concord ${visible(concord)}\n`);
  stdout.write(
    `For the database ${visible(database)}, the PDS ${visible(pds)}, and the tenants ${visible(ids)}\n`,
  );
  if (users.length > 0) printActions(users.slice(0, limit), terminal);
  stdout.write(`${usersOf(users.length, limit)}.\n`);
  stdout.write(
    'Each is applied only if Auth0, the documents, the account, the newest event and the plan are as they were then.\n',
  );
}

const DESTRUCTIVE = '-';
const IRREVERSIBLE = '!';

/** The table of the actions, and the legend of the marks in it. */
export function printActions(
  users: readonly (Pick<PlannedUser, 'user' | 'actions' | 'mayFollow'> & Partial<PlannedUser>)[],
  { stdout, style }: Terminal,
): void {
  const rows = users.flatMap(({ user, actions, mayFollow, waiting = [], unknown = [] }) => [
    ...actions.map((step) => [markOf(step), user, step.resource, step.type, changesOf(step)]),
    ...(mayFollow === null ? [] : [['', user, '', '…', mayFollow]]),
    ...waiting.map(({ resource, reason, message }) => ['', user, resource, `– (${reason})`, message]),
    ...unknown.map(({ resource, code }) => ['', user, resource, 'unknown', code]),
  ]);
  const head = ['', 'USER', 'RESOURCE', 'ACTION', 'DETAIL'];
  stdout.write(`${formatTable({ head, rows, style, width: stdout.columns })}\n`);
  const steps = users.flatMap(({ actions }) => actions);
  if (steps.some((step) => markOf(step) === DESTRUCTIVE))
    stdout.write(`${style('yellow', DESTRUCTIVE)}  destructive: ends something that the user has\n`);
  if (steps.some((step) => markOf(step) === IRREVERSIBLE))
    stdout.write(`${style('red', IRREVERSIBLE)}  irreversible: what it ends cannot be brought back\n`);
}

function markOf({ destructive, irreversible }: PlannedStep): string {
  if (irreversible) return IRREVERSIBLE;
  return destructive ? DESTRUCTIVE : '';
}

function changesOf({ detail, changes }: PlannedStep): string {
  const fields = changes.map(({ field, from, to }) => `${field} ${from ?? '–'} → ${to ?? '–'}`);
  return [detail, ...fields].join('; ');
}
