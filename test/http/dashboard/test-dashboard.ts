import { assetOf } from '../../../src/http/dashboard/assets.ts';
import type { DashboardOptions } from '../../../src/http/dashboard/dashboard.ts';
import type { ServerDeps } from '../../../src/http/server.ts';
import { type TestServer, testServer } from '../test-server.ts';
import { type TestDashboardData, testDashboardData } from './test-dashboard-data.ts';

export const DASHBOARD_TOKEN = 'dashboard-token-0123456789-0123456789';
export const NOW = new Date('2026-02-03T04:05:06.000Z');
export const SCRIPT = 'index-Dh5lkMTl.js';

/** How the page of this machine asks. */
export const HERE = { host: 'localhost:8787', 'sec-fetch-site': 'same-origin' } as const;
export const JSON_BODY = { 'content-type': 'application/json' } as const;

export interface TestDashboard extends TestServer {
  readonly dashboardData: TestDashboardData;
  /** Moves the clock on. */
  readonly pass: (ms: number) => void;
}

export function testDashboard(
  options: Partial<DashboardOptions> & { dashboardData?: TestDashboardData } = {},
  others: Partial<ServerDeps> = {},
): TestDashboard {
  const { dashboardData = testDashboardData() } = options;
  let now = NOW;
  const server = testServer({
    ...others,
    dashboard: {
      token: undefined,
      assets: {
        document: assetOf('index.html', Buffer.from('<!doctype html><title>Concord</title>')),
        files: new Map([[SCRIPT, assetOf(SCRIPT, Buffer.from('console.log("concord");'.repeat(100)))]]),
      },
      version: '1.2.3',
      clock: { now: () => now },
      ...options,
      dashboardData,
    },
  });
  const pass = (ms: number) => {
    now = new Date(now.getTime() + ms);
  };
  return { ...server, dashboardData, pass };
}
