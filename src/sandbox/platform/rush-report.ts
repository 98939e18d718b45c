/** What came of a rush, for people and for machines. */
import { formatDuration } from '../../terminal/duration.ts';
import type { Style } from '../../terminal/style.ts';
import type { RushResult } from './rush.ts';
import { type Returned, textOf, type Verdict } from './verdict.ts';

export function rushJson(result: RushResult): object {
  const { ok, people, leaving, seed, killEngine, unrest, restMs, verdicts } = result;
  const left = verdicts.filter((verdict) => verdict.left !== undefined);
  const stayed = verdicts.filter((verdict) => verdict.left === undefined);
  return {
    ...{ ok, people, leaving, seed, killEngine, unrest: unrest ?? null, restMs },
    counts: counts(verdicts),
    left: left.map(({ user, left: how, returned, underWay, said }) => ({
      ...{ user, how, returned, underWay, said: said ?? null },
    })),
    stayed: stayed.map(({ user, lacking, said }) => ({ user, lacking, said: said ?? null })),
  };
}

function counts(verdicts: readonly Verdict[]) {
  const returned = (...parts: readonly string[]) =>
    verdicts.filter((verdict) => verdict.returned.some(({ part }) => parts.includes(part))).length;
  return {
    left: verdicts.filter(({ left }) => left !== undefined).length,
    /** People who left and have something again. */
    cameBack: verdicts.filter((verdict) => verdict.returned.length > 0).length,
    withDocumentsAgain: returned('verification', 'handle', 'user-document', 'account-record'),
    withAccountAgain: returned('account'),
    withAccountUnderWay: verdicts.filter(({ underWay }) => underWay.length > 0).length,
    stayed: verdicts.filter(({ left }) => left === undefined).length,
    lacking: verdicts.filter((verdict) => verdict.lacking.length > 0).length,
  };
}

export function rushLines(result: RushResult, style: Style): string[] {
  const { ok, people, seed, killEngine, unrest, restMs, verdicts } = result;
  const { left, cameBack, withDocumentsAgain, withAccountAgain, withAccountUnderWay, stayed, lacking } =
    counts(verdicts);
  const lines = [
    `  ${people} people signed up, ${left} of them left (seed ${seed}${killEngine ? ', the engine was killed in between' : ''}); at rest after ${formatDuration(restMs)}`,
    `  ${style(cameBack === 0 ? 'green' : 'red', `came back    ${cameBack} of ${left}`)}  with documents ${withDocumentsAgain}, with an account ${withAccountAgain}`,
    `  ${style(lacking === 0 ? 'green' : 'red', `incomplete   ${lacking} of ${stayed}`)}  of those who stayed`,
  ];
  if (unrest !== undefined) lines.push(style('red', `  not at rest: ${unrest}`));
  for (const verdict of verdicts) {
    if (verdict.returned.length + verdict.lacking.length + verdict.underWay.length === 0) continue;
    lines.push(`  ${verdict.user}  ${verdict.left ?? 'stayed'}`);
    for (const found of verdict.returned) lines.push(style('red', `    ${returnedText(found)}`));
    for (const found of verdict.underWay)
      lines.push(style('yellow', `    creation was under way: ${returnedText(found)}`));
    for (const text of verdict.lacking) lines.push(style('red', `    ${text}`));
    if (verdict.left !== undefined && verdict.said !== undefined)
      lines.push(`    Concord says ${textOf(verdict.said)}`);
  }
  if (withAccountUnderWay > 0)
    lines.push(`  ${withAccountUnderWay} accounts were being created when their users began to leave`);
  if (ok) lines.push(style('green', '  No user who left is back, and no user who stayed lacks anything.'));
  return lines;
}

function returnedText({ part, as, detail }: Returned): string {
  const what = as === 'returned' ? 'was deleted and is back' : 'was created after the user began to leave';
  return `${part} ${what}: ${detail}`;
}
