/**
 * Engine processes to be killed. They are bundled once into a single file, because a process that has to
 * translate and load the source anew takes several times as long to start as to do its work.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { ChildJob, ChildSays } from './engine-child.ts';

export interface Bundle {
  readonly file: string;
  remove(): Promise<void>;
}

export async function bundleEngine(): Promise<Bundle> {
  const outDir = await mkdtemp(join(tmpdir(), 'concord-engine-'));
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: fileURLToPath(new URL('./engine-child.ts', import.meta.url)),
      outDir,
      // A smaller file is sooner read: it is read a hundred times.
      minify: true,
      rollupOptions: { output: { entryFileNames: 'engine.mjs' } },
    },
    ssr: { noExternal: true },
  });
  return {
    file: join(outDir, 'engine.mjs'),
    remove: () => rm(outDir, { recursive: true, force: true }),
  };
}

export interface ChildEnd {
  readonly signal: NodeJS.Signals | null;
  readonly said: ReadonlySet<ChildSays>;
  readonly stderr: string;
}

const CHILD_TIMEOUT_MS = 180_000;

/** Runs one engine process until it is gone. */
export async function runChild({ file }: Bundle, job: ChildJob): Promise<ChildEnd> {
  const child = fork(file, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: {},
    execArgv: [],
    // SIGTERM, so that a child that hangs is not taken for one that was killed as it should be.
    timeout: CHILD_TIMEOUT_MS,
  });
  const said = new Set<ChildSays>();
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.on('message', (message) => said.add(message as ChildSays));
  const closed = once(child, 'close');
  child.send(job);
  await closed;
  return { signal: child.signalCode, said, stderr };
}
