/** What `doctor` found, for people: a line for each check, and below it what is wrong, why it matters and the fix. */

import { counted } from '../../count.ts';
import type { Examined, Finding } from '../../doctor/check.ts';
import type { Repair } from '../../doctor/fix.ts';
import { formatDuration } from '../../terminal/duration.ts';
import { visible } from '../../terminal/visible.ts';
import type { Terminal } from '../command.ts';

type Paper = Pick<Terminal, 'stdout' | 'style'>;

const NAME_WIDTH = 30;

function printExamined(examined: Examined, { stdout, style }: Paper): void {
  const name = `${examined.check}${examined.tenant === null ? '' : ` of ${examined.tenant}`}`.padEnd(
    NAME_WIDTH,
  );
  if (examined.status === 'not-looked-at') {
    stdout.write(`${style('dim', `–  ${name} skipped, because of: ${examined.because}`)}\n`);
    return;
  }
  const { summary, findings } = examined;
  const worst = findings.some(({ level }) => level === 'error') ? 'red' : 'yellow';
  const mark = findings.length === 0 ? style('green', '✓') : style(worst, '✗');
  stdout.write(`${mark}  ${name} ${visible(summary)}\n`);
  for (const finding of findings) printFinding(finding, { stdout, style });
}

function printFinding({ level, what, why, mend }: Finding, { stdout, style }: Paper): void {
  stdout.write(`   ${style(level === 'error' ? 'red' : 'yellow', level)}  ${visible(what)}\n`);
  stdout.write(`     why   ${visible(why)}\n`);
  stdout.write(`     fix   ${visible(mend)}\n`);
}

export function printDiagnosis(
  { checks, findings }: { readonly checks: readonly Examined[]; readonly findings: readonly Finding[] },
  durationMs: number,
  { stdout, style }: Paper,
): void {
  for (const examined of checks) {
    // A complete configuration is already shown by the checks that used it.
    const isPart = examined.check.startsWith('configuration of ') && examined.status === 'well';
    if (!isPart) printExamined(examined, { stdout, style });
  }
  const unseen = checks.filter(({ status }) => status === 'not-looked-at').length;
  const looked = `${counted(checks.length - unseen, 'check')} in ${formatDuration(durationMs)}`;
  const rest = unseen === 0 ? '' : `, and ${unseen} skipped`;
  const verdict =
    findings.length === 0
      ? style('green', 'no findings')
      : style('red', `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`);
  stdout.write(`${looked}${rest}: ${verdict}.\n`);
}

export function printRepair({ steps, refused }: Repair, { stdout, style }: Paper): void {
  if (steps.length + refused.length === 0) stdout.write('The indexes need no repair.\n');
  for (const { text } of steps) stdout.write(`  ${text}\n`);
  for (const text of refused) stdout.write(`  ${style('red', visible(text))}\n`);
}
