/** What `predict` says of an action, held against what the action did, in every scenario of the explorer. */
import { afterAll, expect, test, vi } from 'vitest';
import { dryRun } from '../../src/engine/reconcile/dry-run.ts';
import { lookAhead } from '../../src/engine/reconcile/look-ahead.ts';
import type { AssessDeps, AssessedTenant } from '../../src/engine/reconcile/read-side.ts';
import type * as reconciling from '../../src/engine/reconcile/reconcile.ts';
import { pausedView } from '../../src/engine/sweep/paused.ts';
import { UsageError } from '../../src/errors.ts';
import type { Documents } from '../../src/ports/documents.ts';
import type { Lease } from '../../src/ports/queue.ts';
import { accountResource } from '../../src/reconcilers/account/account-resource.ts';
import { emailResource } from '../../src/reconcilers/account/email-resource.ts';
import { handleResource } from '../../src/reconcilers/account/handle-resource.ts';
import { UNDRAWN_CODE } from '../../src/reconcilers/document/code.ts';
import { userDocumentResource, verificationResource } from '../../src/reconcilers/document/resources.ts';
import { describeAction } from '../../src/reconcilers/registry.ts';
import type { ActionDefinition } from '../../src/reconcilers/resource.ts';
import { transferActions } from '../../src/reconcilers/transfer/actions.ts';
import { scenarios } from './model/scenarios/scenarios.ts';
import { Run } from './search/run.ts';
import { plain } from './search/schedule.ts';

/** What these write is not known before: a drawn code, the DID of a new account. */
const DRAWS: ReadonlySet<string> = new Set(['assign-code', 'create-account']);

const resources = [
  verificationResource,
  userDocumentResource,
  accountResource,
  emailResource,
  handleResource,
];
const definitions = new Map<string, ActionDefinition<never>>(
  [...resources.map(({ actions }) => actions), transferActions].flatMap((actions) => Object.entries(actions)),
);
const met = new Map<string, number>();
const wrong: string[] = [];

function known({ verificationCount, handle, user }: Documents) {
  return { verificationCount, handle, code: user?.code, account: user?.account };
}

for (const [type, definition] of definitions) {
  const { apply } = definition;
  vi.spyOn(definition, 'apply').mockImplementation(async (deps, action, documents, context) => {
    const read = async () => (await deps.documents.read([context.user])).get(context.user);
    const before = await read();
    const applied = await apply(deps, action, documents, context);
    const after = await read();
    if (applied !== 'applied' || before === undefined || after === undefined) return applied;
    met.set(type, (met.get(type) ?? 0) + 1);
    const predicted = known(definition.predict(before, action));
    if (DRAWS.has(type)) return applied;
    const drawn = predicted.code === UNDRAWN_CODE;
    const actual = known(after);
    if (JSON.stringify(drawn ? { ...actual, code: UNDRAWN_CODE } : actual) !== JSON.stringify(predicted))
      wrong.push(`${type}: predicted ${JSON.stringify(predicted)}, and it is ${JSON.stringify(actual)}`);
    return applied;
  });
}

/** What a reconciliation did that the plan made just before it did not list. */
const unlisted: string[] = [];
/** What a plan listed and the reconciliation after it, which came to its end, did not do. */
const notDone: string[] = [];
let compared = 0;

/** In the same words as the plan. */
function wordsOf(action: Parameters<typeof describeAction>[0]): string {
  const { type, detail } = describeAction(action);
  return `${type} ${detail}`;
}

async function planOf(deps: reconciling.ReconcileDeps, { user, userId, tenant: id }: Lease) {
  const tenant = deps.tenants.get(id) as AssessedTenant;
  const readers = { ...deps, events: deps.log } as unknown as AssessDeps;
  try {
    const found = await dryRun(readers, tenant, user, userId, deps.clock.now());
    const view = pausedView(found.view, found.facts, deps.clock.now());
    return await lookAhead(readers, tenant, user, found, view, deps.clock.now());
  } catch (error) {
    // Auth0 says that the id is not a user's: nothing is planned.
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

vi.mock('../../src/engine/reconcile/reconcile.ts', async (original) => {
  const actual = await original<typeof reconciling>();
  const reconcile: typeof actual.reconcile = async (deps, lease) => {
    const plan = await planOf(deps, lease);
    const outcomes: string[] = [];
    const onStep = ({ outcome }: reconciling.StepInfo) => void outcomes.push(outcome);
    const result = await actual.reconcile({ ...deps, onStep }, lease);
    // An answer that nobody knows before, and that others gave.
    if (plan?.mayFollow !== undefined || outcomes.some((one) => one !== 'done')) return result;
    const code = (await deps.documents.read([lease.user])).get(lease.user)?.user?.code ?? '';
    const listed = (plan?.actions ?? []).map(({ action }) => wordsOf(action).replaceAll('<new code>', code));
    compared += result.applied.length;
    for (const done of result.applied.map(wordsOf))
      if (!listed.includes(done)) unlisted.push(`${done}: not in [${listed.join(', ')}]`);
    const done = result.applied.map(wordsOf);
    if (result.end === 'converged' || result.end === 'held')
      for (const one of listed) if (!done.includes(one)) notDone.push(`${one}: not in [${done.join(', ')}]`);
    return result;
  };
  return { ...actual, reconcile };
});

afterAll(() => vi.restoreAllMocks());

/** Planned only where a call failed before, or two users act at one moment: no plain run meets them. */
const AFTER_FAILURES = [
  'assign-code',
  'complete-creation',
  'resolve-creation',
  'record-handle',
  'return-handle',
  'record-code',
  'decline-transfer',
];

test('every action leads to the documents that were predicted', { timeout: 300_000 }, async () => {
  for (const scenario of scenarios) await new Run(plain(scenario)).go([]);
  expect([...new Set(wrong)]).toEqual([]);
  expect([...definitions.keys()].filter((type) => !met.has(type))).toEqual(AFTER_FAILURES);
  expect([...new Set(unlisted)]).toEqual([]);
  expect(compared).toBeGreaterThan(500);
  expect([...new Set(notDone)]).toEqual([]);
});
