/** The page that Prometheus scrapes: what was counted, and what is read at a scrape. */
import type { MetricsOptions } from '../http/metrics.ts';
import type { Logger } from '../logger.ts';
import { askWhenScraped } from '../metrics/asked.ts';
import { type QuestionDeps, questions } from '../metrics/questions.ts';
import type { Clock } from '../ports/clock.ts';

export interface PageDeps extends QuestionDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

export function metricsPage(deps: PageDeps): Omit<MetricsOptions, 'token'> {
  const { registry, clock, logger } = deps;
  const ask = askWhenScraped({ registry, clock, logger, questions: questions(deps) });
  return {
    contentType: registry.contentType,
    read: async () => {
      await ask();
      return registry.metrics();
    },
  };
}
