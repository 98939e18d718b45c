/** What one reconciliation did, as text, as JSON and as an exit code. */
import type { ReconciliationResult } from '../../engine/reconcile/reconcile.ts';
import type { ConditionDraft } from '../../events/condition.ts';
import { formatDuration } from '../../terminal/duration.ts';
import { visible } from '../../terminal/visible.ts';
import { EXIT, type ExitCode, type Terminal } from '../command.ts';

export function reconciliationDocument({
  end,
  conditions,
  applied,
  failures,
  durationMs,
}: ReconciliationResult) {
  return {
    ...{ end, conditions, durationMs },
    actions: applied.map(({ type }) => type),
    failures: failures.map(({ resource, code }) => ({ resource, code })),
  };
}

export function exitOf({ end }: ReconciliationResult): ExitCode {
  switch (end) {
    case 'converged':
    case 'skipped':
      return EXIT.clean;
    case 'held':
    case 'deferred':
      return EXIT.partlyDone;
    case 'failed':
    case 'lease-lost':
    case 'not-a-user':
    case 'excluded':
      return EXIT.error;
  }
}

export function printReconciliation(
  user: string,
  result: ReconciliationResult,
  { stdout, style }: Terminal,
): void {
  const said = {
    converged: 'green',
    skipped: 'green',
    held: 'yellow',
    deferred: 'yellow',
    failed: 'red',
    'lease-lost': 'red',
    'not-a-user': 'yellow',
    excluded: 'yellow',
  } as const;
  stdout.write(
    `${style('bold', visible(user))}  ${style(said[result.end], result.end)} in ${formatDuration(result.durationMs)}\n`,
  );
  const left = LEFT[result.end];
  if (left !== undefined) stdout.write(`  ${left}\n`);
  for (const action of result.applied) stdout.write(`  did    ${action.type}\n`);
  for (const condition of result.conditions)
    stdout.write(
      `  ${markOf(condition, style)}  ${condition.type.padEnd(14)}${visible(condition.message)}\n`,
    );
  for (const { resource, code, error } of result.failures) {
    const message = error instanceof Error ? error.message : 'failed';
    stdout.write(`  ${style('red', 'failed')} ${resource}: ${visible(message)} (${code})\n`);
  }
  if (result.retryAt !== undefined) stdout.write(`  again at ${result.retryAt.toISOString()}\n`);
}

/** Why a reconciliation observed nothing. */
const LEFT: { readonly [End in ReconciliationResult['end']]?: string } = {
  'not-a-user': 'Auth0 says that this is not the id of a user, so there is nothing to reconcile.',
  excluded: 'The configuration excludes this user, so nothing was done.',
};

function markOf({ status, held }: ConditionDraft, style: Terminal['style']): string {
  if (status === 'True') return style('green', 'ok   ');
  if (status === 'Unknown') return style('yellow', '?    ');
  return held ? style('red', 'held ') : style('yellow', 'open ');
}
