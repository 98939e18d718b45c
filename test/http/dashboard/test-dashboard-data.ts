/** A desk that answers the least there is, and remembers what it was asked. */

import type { OverviewAnswer } from '../../../src/dashboard-data/answers/overview.ts';
import type { SweepsAnswer } from '../../../src/dashboard-data/answers/sweeps.ts';
import type { UserAnswer } from '../../../src/dashboard-data/answers/users.ts';
import type { DashboardData, LiveMessage } from '../../../src/dashboard-data/data.ts';

const AS_OF = '2026-02-03T04:05:06.000Z';

export const OVERVIEW: OverviewAnswer = {
  asOf: AS_OF,
  sync: 'Synced',
  health: 'Healthy',
  isPartial: false,
  users: {
    known: 1,
    synced: 1,
    outOfSync: 0,
    unknown: 0,
    unseen: 0,
    deleted: 0,
    failing: 0,
    backingOff: 0,
    quarantined: 0,
    held: 0,
    paused: 0,
  },
  resources: [],
  situations: [],
  failures: [],
  queue: { due: 0, oldestDueSince: null, waiting: 0 },
  tenants: [],
  indexes: [],
  alerts: [],
  lookedAt: AS_OF,
  stale: [],
  upstreams: [],
};

const USER: UserAnswer = {
  user: 'auth0|alice',
  tenant: 'first',
  code: 'ac26nobeb',
  handle: null,
  did: null,
  sync: 'Synced',
  health: 'Healthy',
  attempts: 0,
  quarantined: false,
  dueAt: null,
  troubles: [],
  asOf: AS_OF,
  source: 'log',
  unread: [],
  platformHandle: null,
  sister: null,
  deleted: null,
  pause: null,
  failure: null,
  conditions: [],
  resources: [],
  plan: null,
  withheld: null,
  retryAt: null,
  untold: [],
};

const SWEEPS: SweepsAnswer = { asOf: AS_OF, tenants: [], halts: [], runs: [] };

export interface TestDashboardData extends DashboardData {
  /** What was asked, with what, oldest first. */
  readonly asked: unknown[][];
  /** How many listen. */
  readonly listening: () => number;
  /** How many messages listeners have taken. */
  readonly taken: () => number;
  /** Tells everybody who listens. */
  tell(message: LiveMessage): void;
  /** The source breaks for everybody who listens. */
  breakOff(error: Error): void;
}

/** Parts that are given answer instead of its own. */
export function testDashboardData(parts: Partial<DashboardData> = {}): TestDashboardData {
  const asked: unknown[][] = [];
  let taken = 0;
  const listeners = new Set<(next: LiveMessage | Error) => void>();
  const asking =
    <Args extends unknown[], Answer>(name: string, answer: (...args: Args) => Promise<Answer>) =>
    (...args: Args): Promise<Answer> => {
      asked.push([name, ...args]);
      return answer(...args);
    };
  return {
    asked,
    listening: () => listeners.size,
    taken: () => taken,
    tell: (message) => {
      for (const listener of listeners) listener(message);
    },
    breakOff: (error) => {
      for (const listener of listeners) listener(error);
    },
    overview: asking('overview', parts.overview ?? (async () => OVERVIEW)),
    history: asking(
      'history',
      parts.history ?? (async (range) => ({ asOf: AS_OF, range, bucketMs: 1, buckets: [] })),
    ),
    users: asking(
      'users',
      parts.users ?? (async () => ({ users: [], next: null, suggestions: [], unasked: [] })),
    ),
    user: asking('user', parts.user ?? (async (key) => ({ ...USER, user: key }))),
    look: asking('look', parts.look ?? (async (key) => ({ ...USER, user: key, source: 'look' }))),
    timeline: asking(
      'timeline',
      parts.timeline ?? (async () => ({ events: [], next: null, total: { count: 0, isMore: false } })),
    ),
    adoption: asking(
      'adoption',
      parts.adoption ??
        (async () => ({
          ...{ did: 'did:plc:a', handle: 'a.test', state: 'active', evidence: [] },
          password: { type: 'new', what: 'The account gets a new password.' },
        })),
    ),
    restoration: asking(
      'restoration',
      parts.restoration ??
        (async () => ({ what: ['verification'], lostAccount: null, writes: [], warnings: [] })),
    ),
    sweeps: asking('sweeps', parts.sweeps ?? (async () => SWEEPS)),
    decide: asking('decide', parts.decide ?? (async () => ({ users: 1, what: 'alice is due' }))),
    async *live(signal) {
      asked.push(['live']);
      const waiting: (LiveMessage | Error)[] = [{ name: 'overview', data: OVERVIEW }];
      let wake = () => {};
      const listener = (next: LiveMessage | Error) => {
        waiting.push(next);
        wake();
      };
      listeners.add(listener);
      try {
        while (!signal.aborted) {
          const next = waiting.shift();
          if (next instanceof Error) throw next;
          if (next !== undefined) {
            yield next;
            taken += 1;
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
              signal.addEventListener('abort', () => resolve(), { once: true });
            });
          }
        }
      } finally {
        listeners.delete(listener);
      }
    },
  };
}
