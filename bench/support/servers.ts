/** The servers that take log entries in, ours and the others, each in a process of its own. */
import { type ServerProcess, startServerProcess } from '../../src/sandbox/servers/child-process.ts';
import type { Memory } from './child.ts';

/** How a server is started. Whoever needs no token, or has no two ways, is handed it all the same. */
export interface ServerStart {
  readonly uri: string;
  readonly database: string;
  readonly token: string;
  /** The seed's handler: connect for every entry and not for every delivery. */
  readonly perEntry?: boolean;
}

const MODULES = {
  ours: './our-server.js',
  bare: '../rivals/bare-server.js',
  seed: '../rivals/seed-server.js',
} as const;

export interface Server {
  readonly url: string;
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

export async function startServer(which: keyof typeof MODULES, options: ServerStart): Promise<Server> {
  const module = new URL(MODULES[which], import.meta.url);
  const child: ServerProcess = await startServerProcess(
    which,
    { module, environment: { NODE_ENV: 'production' } },
    options,
  );
  return {
    url: String(child.ready),
    memory: async () => (await child.ask('memory')) as Memory,
    stop: () => child.stop(),
  };
}
