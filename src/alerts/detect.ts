/**
 * What is wrong, by the facts of the whole system. Pure.
 *
 * | kind                | when                                                                                |
 * |---------------------|-------------------------------------------------------------------------------------|
 * | unreachable         | a probe gets no answer from a system, or users fail because it does not answer      |
 * | credentials-refused | the same with 401 and 403, or a stored password does not open with the keys         |
 * | index-unfit         | an index on `users.code` or `@handles.handle` is missing or unfit, or a foreign unique one rejects documents |
 * | `converge-failing`  | users fail for any other reason, one cause for each code and system                 |
 * | quarantine          | users are quarantined after too many failures, one for each code and system         |
 * | stream-unhealthy, gap | a gap is open                                                                     |
 * | stream-silent       | a log stream has not delivered for longer than it usually does                      |
 * | log-unread          | a tenant's log has not been read for long                                           |
 * | sweep-halted        | a safety limit halted a sweep, and it is not approved                               |
 * | sweep-broken-off    | the last sweep did not complete                                                     |
 * | sweep-overdue       | no full sweep has completed for long                                                |
 * | clock-differs       | our clock differs from the database's by more than a minute                         |
 * | code-space          | a year's short codes are nearly used up                                             |
 */
import type { Cause, CheckResult } from '../ports/alerts.ts';
import { CLOCK_COMMAND, clockSentence } from '../ports/clock-agreement.ts';
import { CODES_A_YEAR } from '../reconcilers/document/code.ts';
import * as indexes from '../reconcilers/indexes.ts';
import { checkTenants } from './detect-tenants.ts';
import { checkUsers } from './detect-users.ts';
import type { Expectations, SystemFacts } from './system-facts.ts';

/** The share of a year's short codes. Longer ones follow without action, but a person should know. */
const NEARLY_ALL = 0.8;

export function detect(facts: SystemFacts, expected: Expectations, now: Date): CheckResult {
  const people = checkUsers(facts, expected);
  const tenants = checkTenants(facts.tenants, expected, now);
  return {
    causes: [
      ...people.causes,
      ...unfit(facts, now),
      ...tenants.causes,
      ...codeSpace(facts, now),
      ...clockDiffers(facts, now),
    ],
    blind: [...people.blind, ...tenants.blind, ...(facts.codes === undefined ? ['code-space'] : [])],
  };
}

function unfit({ indexes: actual }: SystemFacts, now: Date): Cause[] {
  return indexes.plan(indexes.WANTED_INDEXES, actual).flatMap(({ index, status, message }): Cause[] => {
    if (status === 'fit') return [];
    const place = `${index.collection}.${index.field}`;
    return [
      {
        ...{ id: `index-unfit:${place}`, kind: 'index-unfit', tenant: undefined, what: message },
        ...{ users: undefined, orMore: false, example: undefined, since: now },
        command: 'concord doctor --fix',
        // Concord creates a missing index at once, unless something blocks it.
        isSettled: status === 'unfit',
      },
    ];
  });
}

function clockDiffers({ clockAheadMs }: SystemFacts, now: Date): Cause[] {
  if (clockAheadMs === undefined) return [];
  return [
    {
      ...{ id: 'clock-differs', kind: 'clock-differs', tenant: undefined, what: clockSentence(clockAheadMs) },
      ...{ users: undefined, orMore: false, example: undefined, since: now },
      // A machine that was suspended between question and answer is not wrong.
      ...{ command: CLOCK_COMMAND, isSettled: false },
    },
  ];
}

function codeSpace({ codes }: SystemFacts, now: Date): Cause[] {
  if (codes === undefined || codes.used < CODES_A_YEAR * NEARLY_ALL) return [];
  const { prefix, used } = codes;
  const what = `${used} of the ${CODES_A_YEAR} short codes that begin with ${prefix} are in use. Longer codes follow: check that every program that reads codes accepts eleven letters.`;
  return [
    {
      ...{ id: `code-space:${prefix}`, kind: 'code-space', tenant: undefined, what },
      ...{ users: undefined, orMore: false, example: undefined, since: now },
      ...{ command: `db.users.countDocuments({ code: /^${prefix}/ })`, isSettled: true },
    },
  ];
}
