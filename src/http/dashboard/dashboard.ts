/** The dashboard: the page and its API. Of Concord it knows only the dashboard data. */
import type { FastifyPluginAsync } from 'fastify';
import type { DashboardData } from '../../dashboard-data/data.ts';
import type { Clock } from '../../ports/clock.ts';
import { createAccess } from './access.ts';
import { api } from './api.ts';
import type { Assets } from './assets.ts';
import { setHeaders } from './headers.ts';
import { DEFAULT_LIVE_LIMITS, type LiveLimits, live } from './live.ts';
import { pages } from './pages.ts';
import { sessionRoutes } from './session-routes.ts';

export interface DashboardOptions {
  readonly dashboardData: DashboardData;
  /** Without a token, only this machine is answered. Read at each request. */
  readonly token: string | undefined;
  /** Undefined where the page was never built. */
  readonly assets: Assets | undefined;
  /** The version of Concord, which the page shows. */
  readonly version: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly limits?: Partial<LiveLimits>;
}

export function dashboard(options: DashboardOptions): FastifyPluginAsync {
  const { dashboardData, assets, version, clock } = options;
  const access = createAccess(() => options.token, clock);
  return async (scope) => {
    setHeaders(scope);
    scope.register(pages({ assets, admit: access.toPages }));
    scope.register(sessionRoutes({ access, version }));
    scope.register(api({ dashboardData, access }));
    scope.register(
      live({ dashboardData, access, clock, limits: { ...DEFAULT_LIVE_LIMITS, ...options.limits } }),
    );
  };
}
