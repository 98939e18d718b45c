/** The part of the dashboard data about one user, and the decisions of a person. */
import { adoptionAnswer } from './adoption.ts';
import type { DashboardData } from './data.ts';
import { type DecisionDeps, takeDecision } from './decide.ts';
import { restorationAnswer } from './restoration.ts';
import { type TimelineDeps, timelineAnswer } from './timeline.ts';
import { observedAnswer, userAnswer } from './user.ts';

type OneUser = Pick<DashboardData, 'user' | 'look' | 'timeline' | 'adoption' | 'restoration' | 'decide'>;

export type OneUserDeps = DecisionDeps & Pick<TimelineDeps, 'pages'>;

export function createOneUser(deps: OneUserDeps): OneUser {
  const { tenants, assess, pages } = deps;
  return {
    user: (key) => userAnswer(deps, key),
    look: (key) => observedAnswer(deps, key),
    timeline: (key, before) => timelineAnswer({ tenants, pages, subjects: assess.subjects }, key, before),
    adoption: (key, did) => adoptionAnswer(deps, key, did),
    restoration: (key) => restorationAnswer(deps, key),
    decide: (decision) => takeDecision(deps, decision),
  };
}
