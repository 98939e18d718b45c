/** Builds the dashboard data: each question gets the dependencies that it needs, and no more. */

import type { DashboardData } from './data.ts';
import { createHistory, type HistoryDeps } from './history.ts';
import { createLive, type LiveDeps } from './live.ts';
import { type OverviewAnswerDeps, overviewAnswer } from './overview.ts';
import { sharedAnswer } from './shared-answer.ts';
import { sweepsAnswer } from './sweeps.ts';
import { type UsersDeps, usersAnswer } from './users.ts';

export type DashboardDataDeps = OverviewAnswerDeps & LiveDeps & UsersDeps & HistoryDeps;

/** Several pages that open at once share one read of the whole. */
const OVERVIEW_FRESH_FOR_MS = 1_000;

export function createDashboardData(
  deps: DashboardDataDeps,
): Pick<DashboardData, 'overview' | 'history' | 'users' | 'sweeps' | 'live'> {
  const overview = sharedAnswer(() => overviewAnswer(deps), deps.clock);
  return {
    overview: () => overview.since(new Date(deps.clock.now().getTime() - OVERVIEW_FRESH_FOR_MS)),
    history: createHistory(deps),
    users: (query) => usersAnswer(deps, query),
    sweeps: () => sweepsAnswer({ ...deps, sources: deps.overview }),
    live: createLive(deps, overview),
  };
}
