/** The other end of `startServerProcess`: a server that a bench starts as a process of its own. */
import type { ChildReport, ChildRequest } from '../../src/sandbox/servers/child-process.ts';

export interface ServedChild {
  readonly url: string;
  close(): Promise<void>;
}

/** What a child answers to `memory`, in bytes. */
export interface Memory {
  readonly rss: number;
  /** The highest it ever was. */
  readonly peak: number;
}

/** Serves until it is told to stop, or whoever started it is gone. */
export function serveAsChild(start: (options: unknown) => Promise<ServedChild>): void {
  let running: ServedChild | undefined;
  const obey = async (request: ChildRequest): Promise<void> => {
    switch (request.type) {
      case 'start':
        running = await start(request.options);
        tell({ type: 'ready', value: running.url });
        break;
      case 'ask':
        tell({ type: 'answer', id: request.id, value: memory() });
        break;
      case 'stop':
        await running?.close();
        process.exit(0);
    }
  };
  process.on('disconnect', () => process.exit(0));
  process.on('SIGINT', () => {});
  process.on('message', (message) => {
    // A rejection ends the process with its reason on stderr, which the parent reports.
    void obey(message as ChildRequest);
  });
}

function memory(): Memory {
  return { rss: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1_024 };
}

function tell(report: ChildReport): void {
  process.send?.(report, () => {});
}
