/** The dashboard of `serve`: its data and its page. */
import type { Config } from '../config/schema.ts';
import { concordVersion } from '../config/version.ts';
import { createOneUser } from '../dashboard-data/one-user.ts';
import { readAssets } from '../http/dashboard/assets.ts';
import type { DashboardOptions } from '../http/dashboard/dashboard.ts';
import type { Logger } from '../logger.ts';
import type { Engine } from '../wiring/engine.ts';

export function dashboardFor(
  { dashboardData, oneUser, clock }: Engine,
  { server }: Config,
  logger: Logger,
): DashboardOptions {
  const assets = readAssets();
  if (assets === undefined) logger.warn('the dashboard was not built: npm run build:dashboard');
  const one = createOneUser(oneUser);
  return {
    ...{ assets, version: concordVersion(), clock },
    get token() {
      return server.dashboardToken;
    },
    dashboardData: { ...dashboardData, ...one },
  };
}
