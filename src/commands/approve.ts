/** `concord approve [run]`: lets a halted run do exactly what it was halted over; without a run, lists them. */
import { decide, draft } from '../engine/decide.ts';
import { type HaltedRun, haltedRuns, haltSentence } from '../engine/halted.ts';
import { ownerOf } from '../engine/owner.ts';
import type { Halt } from '../engine/sweep-conclusions.ts';
import { UsageError } from '../errors.ts';
import { printJson } from '../terminal/output.ts';
import { formatTable } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';
import { type Engine, wireEngine } from '../wire.ts';
import { configFor, EXIT, type ExitCode, quietLoggerFor, terminalOf } from './command.ts';
import type { DecisionOptions } from './decisions.ts';

export async function runApprove(run: string | undefined, options: DecisionOptions): Promise<ExitCode> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const { json, stdout, style } = terminalOf(options);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    const halts = await haltedRuns(engine.assess.events, engine.converge.clock.now());
    if (run === undefined) {
      const open = halts.filter(({ approved }) => !approved);
      if (json) printJson({ command: 'approve', halted: open });
      else if (open.length === 0) stdout.write('No run is halted.\n');
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
    const chosen = halts.filter((halt) => halt.run === run);
    if (chosen.length === 0)
      throw new UsageError(`No run ${visible(run)} was halted of late. See: concord approve`, 'RUN_UNKNOWN');
    if (chosen.every(({ approved }) => approved))
      throw new UsageError(`The run ${visible(run)} has been approved already.`, 'RUN_APPROVED');
    for (const halt of chosen) await approve(engine, halt, options.by);
    if (json)
      printJson({ command: 'approve', run, users: chosen.reduce((sum, { users }) => sum + users.length, 0) });
    else for (const halt of chosen) stdout.write(`Approved: ${haltSentence(halt)}\n`);
    return EXIT.clean;
  } finally {
    await engine.close();
  }
}

/** The users are those of the run and no others; each pass still reads its user again before it does anything. */
async function approve({ converge, tenants }: Engine, halt: HaltedRun, by: string): Promise<void> {
  await converge.log.append([draft(converge, null, halt.tenant, 'sweep.approved', { run: halt.run, by })]);
  for (const key of halt.users) {
    const owned = ownerOf(key, tenants);
    if (owned === undefined) continue;
    const trigger = { user: owned.user, userId: owned.userId, tenant: owned.tenant.id };
    if (halt.kind === 'removals') await decide(converge, trigger, 'removal.granted', { run: halt.run, by });
    else await converge.queue.markDue([trigger], converge.clock.now(), 'trigger');
  }
}

function sample({ users }: Halt): string {
  const some = users.slice(0, 5).join(', ');
  return users.length > 5 ? `${some}, …` : some;
}
