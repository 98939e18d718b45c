/** How long the history takes before anything of it has been counted. */
import type { HistoryRange } from '../../../src/dashboard-data/answers/overview.ts';
import type { DashboardData } from '../../../src/dashboard-data/data.ts';

export const RANGES = ['1h', '24h', '7d'] as const;

export async function firstHistory(
  { dashboardData }: { readonly dashboardData: Pick<DashboardData, 'history'> },
  range: HistoryRange,
): Promise<{ readonly answeredMs: number; readonly countedMs: number }> {
  const startedAt = performance.now();
  const first = await dashboardData.history(range);
  const answeredMs = performance.now() - startedAt;
  for (let seen = first; seen.buckets.length === 0; ) seen = await dashboardData.history(range);
  return { answeredMs, countedMs: performance.now() - startedAt };
}
