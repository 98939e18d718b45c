/**
 * Every condition that needs action names a command that works: a user is brought into the state by real means, and the
 * commands are taken out of the message, run as they stand there, and lead where the message says.
 *
 * A new reason goes into NEEDS_ACTION, gets a case in cases-of-….ts, and a row in ACTION_GUIDE. A command that is
 * not there yet is skipped.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProgram } from '../../src/commands/program.ts';
import { situationGroups } from '../../src/engine/reports/situation-groups.ts';
import type { Condition } from '../../src/events/condition.ts';
import { statusReader } from '../../src/mongo/subjects/status-counts.ts';
import { commandsIn, shellQuoted } from '../../src/reconcilers/command-lines.ts';
import { WAITING_FOR_DECISION } from '../../src/reconcilers/needs-action.ts';
import { type OpenedPds, openedPds } from '../faults/support/opened-pds.ts';
import { conditionOf, type Member } from '../support/member.ts';
import { type Case, openStage, reconcile, type Stage } from './stage.ts';

export interface Row extends Case {
  readonly type: Condition['type'];
  readonly reason: string;
}

type Cases = Readonly<Record<string, readonly Case[]>>;

export function rowsOf(type: Condition['type'], cases: Cases): readonly Row[] {
  return Object.entries(cases).flatMap(([reason, all]) => all.map((one) => ({ ...one, type, reason })));
}

/** A test for each. */
export function describeConditions(rows: readonly Row[]): void {
  let pds: OpenedPds;
  beforeAll(async () => {
    // The PDS reads it when it is loaded.
    process.env['LOG_ENABLED'] = 'false';
    pds = await openedPds();
  });
  afterAll(() => pds?.stop());
  for (const row of rows)
    test([row.type, row.reason, row.name ?? ''].join(' ').trim(), async (context) => {
      await check(await openStage(pds), row, (why) => context.skip(why));
    });
}

async function check(stage: Stage, row: Row, skip: (why: string) => void): Promise<void> {
  const member = await row.bring(stage);
  const condition = await conditionOf(stage.engine, member, row.type);
  expect(condition).toMatchObject({ status: 'False', reason: row.reason, held: true });
  const message = condition?.message ?? '';
  expect(message).not.toMatch(/<user>|<key>|@example\.com|@mailinator\.com/);
  const named = commandsIn(message);
  expect(named, message).not.toEqual([]);
  expectOnPage(row, member, named);
  expect(await proposedBy(stage, row, member)).toBe(
    worksAsItStands(named) ?? `concord explain ${shellQuoted(member.user)}`,
  );
  const unknown = named.map(verbOf).find((verb) => verb !== undefined && !isCommand(verb));
  if (unknown !== undefined) return skip(`concord ${unknown} is not there yet`);
  await carryOut(stage, row, member, message);
  await reconcile(stage, member);
  const after = await conditionOf(stage.engine, member, row.type);
  expect(`${after?.status} ${after?.reason}`, after?.message).toBe(row.ends);
  await row.check?.(stage, member);
}

async function carryOut(stage: Stage, row: Row, member: Member, message: string): Promise<void> {
  const { choose = (all) => all, fill, meanwhile, exits = {} } = row;
  const chosen = choose(commandsIn(message));
  let stdout = '';
  for (const [at, command] of chosen.entries()) {
    if (at === chosen.length - 1) await meanwhile?.(stage, member);
    const filled = command.includes('<') ? Object.entries(fill?.(stage, member, stdout) ?? {}) : [];
    const line = filled.reduce((text, [name, value]) => text.replaceAll(name, value), command);
    const ran = await stage.run(asks(line) ? `${line} --yes` : line);
    const [, subcommand] = line.split(' ');
    const expected = exits[`concord ${subcommand}`] ?? (subcommand === 'audit' ? 2 : 0);
    expect(ran.code, `${line}\n${ran.stdout}\n${ran.stderr}`).toBe(expected);
    stdout += ran.stdout;
  }
}

/** What \`status\` and the overview propose. */
async function proposedBy({ world, engine }: Stage, { type, reason }: Row, { user }: Member) {
  const reader = statusReader(
    world.db,
    engine.tenants.map(({ id }) => id),
  );
  const { situations } = await reader.counts(new Date());
  const of = situationGroups(situations).filter((one) => one.resource === type && one.reason === reason);
  expect(of).toMatchObject([{ users: 1, held: 1, example: user }]);
  return of[0]?.command;
}

/** The first one, where no value has to be filled in. */
function worksAsItStands([first]: readonly string[]): string | undefined {
  return first === undefined || first.includes('<') ? undefined : first;
}

function verbOf(command: string): string | undefined {
  return /^concord ([a-z]+)/.exec(command)?.[1];
}

const COMMANDS = new Set(createProgram(() => {}).commands.map((command) => command.name()));

function isCommand(verb: string): boolean {
  return COMMANDS.has(verb);
}

/** Whether it waits for a person's yes. */
function asks(line: string): boolean {
  const isAsking = /^concord (?:(?:adopt|restore|password|transfer) |import --apply)/.test(line);
  return isAsking && !/ --(?:withdraw|preview)/.test(line);
}

const PAGE = readFileSync(new URL('../../docs/conditions-and-alerts.md', import.meta.url), 'utf8');
const NEEDING_ACTION = PAGE.slice(
  PAGE.indexOf('## Conditions that need action'),
  PAGE.indexOf('## Conditions that end by themselves'),
);

/** The table has a row for the condition that names one of its commands, and the page names each of them. */
function expectOnPage({ type, reason }: Row, member: Member, named: readonly string[]): void {
  const tableRow = NEEDING_ACTION.split('\n').find((line) =>
    isFor(line, reason === WAITING_FOR_DECISION ? 'any' : type, reason),
  );
  const general = named.map((command) => inGeneral(command, member));
  for (const command of general) expect(NEEDING_ACTION, command).toContain(command);
  expect(
    general.some((command) => tableRow?.includes(command)),
    `${type} ${reason}: ${tableRow}`,
  ).toBe(true);
}

function isFor(line: string, type: string, reason: string): boolean {
  const [, types = '', reasons = ''] = line.split('|').map((cell) => cell.trim());
  return types.split(', ').includes(type) && reasons.includes(`\`${reason}\``);
}

/** With names for what differs from user to user. */
function inGeneral(command: string, { user }: Member): string {
  return command
    .replaceAll(shellQuoted(user), '<user>')
    .replaceAll(JSON.stringify(user), '<key>')
    .replaceAll(/'[a-z0-9-]+\|[^']+'/g, '<other>')
    .replaceAll(/"[a-z0-9-]+\|[^"]+"/g, '<other>')
    .replaceAll(/did:plc:[a-z2-7]{24}/g, '<did>')
    .replaceAll(/code: "ac[a-z0-9]+"/g, 'code: "<code>"');
}
