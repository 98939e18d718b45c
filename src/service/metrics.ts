/** The metrics of `serve`: the one place that loads the library which counts. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Config } from '../config/schema.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import type { Engine } from '../wiring/engine.ts';
import { systemClock } from '../wiring/system.ts';
import { metricsPage } from './metrics-page.ts';

/** Beside the package's own `src` or `dist`, whichever of them this runs from. */
const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));
const Package = z.object({ version: z.string() });

export function metricsFor(config: Config): Metrics {
  const { version } = Package.parse(JSON.parse(readFileSync(PACKAGE, 'utf8')));
  return createMetrics(
    systemClock,
    version,
    config.tenants.map(({ id }) => id),
  );
}

export function pageFor({ registry }: Metrics, engine: Engine, config: Config) {
  const { log: events, subjects, clock, logger } = engine.converge;
  const tenants = config.tenants.map(({ id }) => id);
  const { standings } = engine;
  return {
    ...metricsPage({ registry, events, subjects, clock, logger, tenants, standings }),
    token: config.server.metricsToken,
  };
}
