/** `concord doctor --simulate --full`: the question before it, and a line for each step. */
import type { Config } from '../../config/schema.ts';
import { type FullSimulation, type SimulationStep, simulateFully } from '../../doctor/simulate-full.ts';
import { formatDuration } from '../../terminal/duration.ts';
import { visible } from '../../terminal/visible.ts';
import { wireFullSimulation } from '../../wiring/simulation.ts';
import { systemClock } from '../../wiring/system.ts';
import type { Terminal } from '../command.ts';
import { confirm } from '../confirm.ts';

/** What a person confirms. On stderr, because stdout has the result. */
export async function confirmFull(
  { mongodb, pds }: Config,
  yes: boolean | undefined,
  { stderr }: Pick<Terminal, 'stderr'>,
): Promise<boolean> {
  stderr.write(
    [
      `This creates a test user, concord-simulation|…, with documents in the database ${visible(mongodb.database)} and an account on the PDS, and removes both.`,
      'Each run leaves one DID in the public directory (PLC), which keeps it for ever: the PDS registers it, and only its document can be changed.',
      `PDS: ${visible(pds.url)}. Auth0 is not asked and not changed.\n`,
    ].join('\n'),
  );
  return confirm('Create the test user?', yes);
}

/** Ctrl-C stops it after the current step and removes what was created; a second one ends the process at once. */
export async function runFullSimulation(
  config: Config,
  { stdout, stderr, style, json }: Terminal,
): Promise<FullSimulation> {
  const stopped = new AbortController();
  const stop = () => {
    stopped.abort();
    stderr.write('Stopping, and removing what was created.\n');
  };
  const onStep = ({ step, durationMs, outcome }: SimulationStep) => {
    if (json) return;
    const mark = outcome === 'done' ? style('green', '✓') : style('red', '✗');
    const took = formatDuration(durationMs).padStart(8);
    stdout.write(`${mark}  ${took}  ${step}${outcome === 'done' ? '' : `: ${visible(outcome)}`}\n`);
  };
  const { deps, dispose } = await wireFullSimulation(config, systemClock);
  process.once('SIGINT', stop);
  try {
    const result = await simulateFully(deps, { signal: stopped.signal, onStep });
    if (!json) stdout.write(`${ending(result)}\n`);
    return result;
  } finally {
    process.removeListener('SIGINT', stop);
    await dispose();
  }
}

function ending({ user, did, failed, removed, leftovers }: FullSimulation): string {
  const earlier = leftovers === 0 ? '' : ` ${leftovers} of earlier runs removed.`;
  const left = did === null ? '' : ` ${did} stays in the public directory.`;
  if (!removed)
    return `The test user ${user} could not be removed: ${visible(failed ?? '')}. The next run removes it.${left}${earlier}`;
  const what = failed === null ? 'was created and removed' : `failed and was removed: ${visible(failed)}`;
  return `The test user ${user} ${what}.${left}${earlier}`;
}
