/** The part of the desk that is about one user, and about what a person decides. */
import { adoptionAnswer } from './adoption.ts';
import { type DecisionDeps, takeDecision } from './decide.ts';
import type { Desk } from './desk.ts';
import { timelineAnswer } from './timeline.ts';
import { lookAnswer, userAnswer } from './user.ts';

type OneUser = Pick<Desk, 'user' | 'look' | 'timeline' | 'adoption' | 'decide'>;

export function createOneUser(deps: DecisionDeps): OneUser {
  const { tenants, assess } = deps;
  const history = { tenants, events: assess.events, subjects: assess.subjects };
  return {
    user: (key) => userAnswer(deps, key),
    look: (key) => lookAnswer(deps, key),
    timeline: (key, before) => timelineAnswer(history, key, before),
    adoption: (key, did) => adoptionAnswer(deps, key, did),
    decide: (decision) => takeDecision(deps, decision),
  };
}
