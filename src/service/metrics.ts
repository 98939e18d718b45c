/** The metrics of `serve`: the one place that loads the library which counts. */
import type { Config } from '../config/schema.ts';
import { concordVersion } from '../config/version.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import type { Engine } from '../wiring/engine.ts';
import { systemClock } from '../wiring/system.ts';
import { metricsPage } from './metrics-page.ts';

export function metricsFor(config: Config): Metrics {
  return createMetrics(
    systemClock,
    concordVersion(),
    config.tenants.map(({ id }) => id),
    config.alerts.receivers.flatMap(({ name, url }) => (url === undefined ? [] : [name])),
  );
}

export function pageFor({ registry }: Metrics, engine: Engine, config: Config) {
  const { log: events, subjects, clock, logger } = engine;
  const tenants = config.tenants.map(({ id }) => id);
  const { statusCounts } = engine;
  return {
    ...metricsPage({ registry, events, subjects, clock, logger, tenants, statusCounts }),
    get token() {
      return config.server.metricsToken;
    },
  };
}
