/** The process that is measured: one sweep, or one audit, as the program does it. */
import { audit } from '../../../src/commands/audit/audit.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { readTextFile } from '../../../src/config/sources.ts';
import { sweep } from '../../../src/engine/sweep/sweep.ts';
import { createLogger } from '../../../src/logger.ts';
import { wireEngine } from '../../../src/wiring/engine.ts';

export interface Measured {
  readonly result: object;
  readonly durationMs: number;
  /** Before the first user, and the highest it ever was. */
  readonly startMiB: number;
  readonly peakMiB: number;
  /** Of which, at the end: JavaScript's heap, what it refers to outside, and the rest of the process. */
  readonly end: { readonly heapMiB: number; readonly externalMiB: number; readonly otherMiB: number };
}

// As built for the bench, the source is one directory deeper than the settings that lie beside it.
const config = loadConfig({
  env: process.env,
  readFile: (path) => readTextFile(path.replace('/.bench-build/', '/')),
});
const engine = wireEngine(config, createLogger({ level: 'warn' }));
await engine.prepare();
const startMiB = process.memoryUsage.rss() / 2 ** 20;
const startedAt = performance.now();
const [tenant] = engine.tenants;
if (tenant === undefined) throw new Error('there is no tenant');
const result =
  process.argv[2] === 'audit' ? await audit(engine, { limit: 50 }) : await sweep(engine.sweep, tenant);
const durationMs = performance.now() - startedAt;
const peakMiB = process.resourceUsage().maxRSS / 1_024;
const { rss, heapTotal, external } = process.memoryUsage();
const end = {
  heapMiB: heapTotal / 2 ** 20,
  externalMiB: external / 2 ** 20,
  otherMiB: (rss - heapTotal - external) / 2 ** 20,
};
await engine.close();
process.send?.({ result, durationMs, peakMiB, startMiB, end } satisfies Measured);
process.disconnect();
