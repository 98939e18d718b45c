/** `concord approve [run]`: lets a halted run do exactly what it was halted for; without a run, lists halted runs. */
import { approveRun } from '../../engine/sweep/approval.ts';
import type { Halt } from '../../engine/sweep/conclusions.ts';
import { haltedRuns, haltSentence, isOpen, whatHalted } from '../../engine/sweep/halted-runs.ts';
import { printJson } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';
import { wireEngine } from '../../wiring/engine.ts';
import { EXIT, type ExitCode, quietLoggerFor, reachedConfigFor, terminalOf } from '../command.ts';
import { type DecisionOptions, decidedBy } from './decisions.ts';

export async function runApprove(run: string | undefined, options: DecisionOptions): Promise<ExitCode> {
  const config = await reachedConfigFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const { json, stdout, style } = terminalOf(options);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    if (run !== undefined) await engine.checkCollations();
    if (run === undefined) {
      const halts = await haltedRuns(engine.assess.events, engine.clock.now());
      const open = halts.filter(isOpen);
      if (json) printJson({ command: 'approve', halted: open });
      else if (open.length === 0) stdout.write('No recent halted run.\n');
      else {
        const rows = open.map((halt) => [
          halt.run,
          halt.at.toISOString(),
          halt.tenant,
          haltSentence(halt),
          sample(halt),
        ]);
        stdout.write(
          `${formatTable({ head: ['RUN', 'AT', 'TENANT', 'WHAT', 'SOME OF THEM'], rows, style, width: stdout.columns })}\n`,
        );
      }
      return open.length === 0 ? EXIT.clean : EXIT.stoppedByLimit;
    }
    const deps = { ...engine.reconcile, events: engine.assess.events, tenants: engine.tenants };
    const approval = await approveRun(deps, run, decidedBy(options));
    if (json) printJson({ command: 'approve', run, users: approval.users });
    else for (const halt of approval.halts) stdout.write(`Approved: ${whatHalted(halt)}\n`);
    return EXIT.clean;
  } finally {
    await engine.close();
  }
}

function sample({ users }: Halt): string {
  const some = users.slice(0, 5).join(', ');
  return users.length > 5 ? `${some}, …` : some;
}
