/**
 * The child process that runs command lines one after another, each as a process of its own would: with its arguments,
 * its environment and its directory, and to the point where nothing keeps a process from ending. It is a program,
 * started by hosted-program.ts, and lives only as long as the channel to its parent.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { runCommandLine } from '../../src/commands/command-line.ts';
import { monitorCommands } from './mongodb-monitor.ts';

/** Parent to child. */
export interface HostedRun {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Written to both streams once the run has ended. */
  readonly mark: string;
}

/** Child to parent: that it can run, and the exit code of each run. */
export type HostSays = 'ready' | number;

interface Program {
  readonly runCommandLine: typeof runCommandLine;
}

type Active = ReadonlyMap<string, number>;

const POLL_MS = 1;

/** What keeps the process from ending, by kind. Called in a timer, which counts itself the same each time. */
function active(): Active {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function inTimer<T>(look: () => T): Promise<T> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(look()), POLL_MS);
  });
}

/** A process ends by itself when nothing is left that could wake it; so does a run. */
async function untilNothingIsLeft(before: Active): Promise<void> {
  const isLeft = () => [...active()].some(([kind, count]) => count > (before.get(kind) ?? 0));
  while (await inTimer(isLeft));
}

async function main(commandLine: string, mongodbCommands: string): Promise<void> {
  process.on('disconnect', () => process.exit());
  monitorCommands(createRequire(commandLine)('mongodb'), mongodbCommands);
  const program = (await import(pathToFileURL(commandLine).href)) as Program;
  // They are opened when they are first named, and count from then on.
  const { stdout, stderr } = process;
  const before = await inTimer(active);
  const say = (message: HostSays): void => void process.send?.(message);
  const run = async ({ args, env, cwd, mark }: HostedRun): Promise<void> => {
    process.chdir(cwd);
    process.env = { ...env };
    const code = await program.runCommandLine(args);
    await untilNothingIsLeft(before);
    stdout.write(mark);
    stderr.write(mark);
    say(code);
  };
  // What it does not catch ends this process, as it would end its own.
  process.on('message', (message) => void run(message as HostedRun));
  say('ready');
}

await main(process.argv[2] ?? '', process.argv[3] ?? '');
