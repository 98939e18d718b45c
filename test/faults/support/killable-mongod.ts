/** A mongod with its data on disk, to be killed and started again on it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { directUri, launchMongod, type MongodLaunch, replicaSetData } from './mongod-process.ts';

export interface KillableMongod {
  readonly uri: string;
  /** SIGKILL, also of one that ended by itself; resolves when the process is gone. */
  kill(): Promise<void>;
  isRunning(): boolean;
  /** SIGSTOP: its connections stay open, and it answers nothing until it goes on. */
  freeze(): void;
  thaw(): void;
  /** Starts it on the same data and the same port; resolves when it takes writes. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Its data lies in a new folder below `directory`; default: the one for temporary files. */
export async function killableMongod(directory?: string): Promise<KillableMongod> {
  const { dataDir, port, argv } = await replicaSetData(directory);
  const launch: MongodLaunch = { argv, port, log: join(dataDir, 'mongod.log'), until: 'primary' };
  let running = await launchMongod(launch);
  return {
    uri: directUri(port),
    kill: () => running.kill(),
    isRunning: () => running.isRunning(),
    freeze: () => running.signal('SIGSTOP'),
    thaw: () => running.signal('SIGCONT'),
    restart: async () => {
      running = await launchMongod(launch);
    },
    stop: async () => {
      await running.kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
