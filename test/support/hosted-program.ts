/**
 * Command lines run in processes that have loaded the program before: loading it is most of what a command line costs.
 * What a run writes, its exit code, and that nothing keeps it from ending are as in a process of its own;
 * test/processes.int.test.ts compares the two for every command.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import type {} from './global-setup.ts';
import type { HostedRun, HostSays } from './program-host.ts';

const COMMAND_LINE = fileURLToPath(new URL('../../.test-build/commands/command-line.js', import.meta.url));

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Run = Omit<HostedRun, 'mark'>;

interface Host {
  readonly isAlive: () => boolean;
  readonly run: (run: Run) => Promise<Ended>;
}

/** Those that wait for a run. Two runs at once take two. */
const idle: Host[] = [];

/** Runs a command line to its end. One that ends the process that it runs in has the exit code of that. */
export async function runHosted(run: Run): Promise<Ended> {
  const host = idle.pop() ?? (await startHost());
  const ended = await host.run(run);
  if (host.isAlive()) idle.push(host);
  return ended;
}

async function startHost(): Promise<Host> {
  const child = spawn(process.execPath, [inject('programHost'), COMMAND_LINE, inject('mongodbCommands')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {},
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('The host of the program has no streams.');
  let written = { stdout: '', stderr: '' };
  let code: number | null = null;
  let notice = (): void => {};
  for (const [name, stream] of Object.entries({ stdout, stderr }))
    stream.setEncoding('utf8').on('data', (text: string) => {
      written[name as keyof typeof written] += text;
      notice();
    });
  child.on('message', (message: HostSays) => {
    if (message !== 'ready') code = message;
    notice();
  });
  const closed = once(child, 'close');
  await Promise.race([once(child, 'message'), closed]);
  if (!child.connected) throw new Error(`The host of the program has ended.\n${written.stderr}`);
  // It ends with the channel, so no test file waits for it.
  child.unref();
  child.channel?.unref();

  const run = async (one: Run): Promise<Ended> => {
    const mark = `\0${randomBytes(12).toString('hex')}\0`;
    written = { stdout: '', stderr: '' };
    code = null;
    const isOver = () => code !== null && Object.values(written).every((text) => text.endsWith(mark));
    const over = new Promise<void>((resolve) => {
      notice = () => {
        if (isOver()) resolve();
      };
    });
    child.send({ ...one, mark } satisfies HostedRun);
    await Promise.race([over, closed]);
    if (!isOver()) return { code: child.exitCode, ...written };
    const unmarked = (text: string) => text.slice(0, -mark.length);
    return { code, stdout: unmarked(written.stdout), stderr: unmarked(written.stderr) };
  };
  return { isAlive: () => child.connected, run };
}
