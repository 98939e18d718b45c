/** Who looks, how often, and what becomes of it when they die or the database does; all in memory. */
import { describe, expect, it } from 'vitest';
import { UpstreamError, UsageError } from '../../src/errors.ts';
import type { Notice } from '../../src/ports/alerts.ts';
import { type AlertingWorld, alertingWorld, FIT_INDEXES } from '../support/in-memory/alerts.ts';
import { failing } from './people.ts';

const MINUTE = 60_000;
const away = new UpstreamError('MongoDB could not answer: no server', {
  ...{ upstream: 'mongodb', code: 'UNREACHABLE', retryable: true },
});

interface Running {
  readonly alerting: ReturnType<AlertingWorld['process']>;
  /** Ends as a service does that is told to stop. */
  stop(): Promise<void>;
}

/** A world with one receiver, which takes everything unless told otherwise. */
function watched() {
  const world = alertingWorld();
  const told: string[] = [];
  const refused: string[] = [];
  let refusal: number | undefined;
  const receiver = {
    name: 'pager',
    send: async ({ type, cause }: Notice) => {
      if (refusal !== undefined) {
        refused.push(`${type} ${cause.id}`);
        return { type: 'refused', why: `${refusal}`, status: refusal, retryAfterMs: undefined } as const;
      }
      told.push(`${type} ${cause.id}`);
      return { type: 'taken' } as const;
    },
  };
  const start = (): Running => {
    const alerting = world.process([receiver]);
    const stopping = new AbortController();
    const running = alerting.run(stopping.signal);
    return {
      alerting,
      stop: async () => {
        stopping.abort();
        await running;
      },
    };
  };
  return {
    ...world,
    told,
    refused,
    start,
    refuse: (refuses: boolean, status = 503) => {
      refusal = refuses ? status : undefined;
    },
  };
}

const INDEX = 'index-unfit:users.code';
const noIndex = FIT_INDEXES.slice(1);

describe('one process', () => {
  it('looks every so often, and says when it last did', async () => {
    const { start, runs, clock } = watched();
    const { stop } = start();
    await clock.advance(35_000);
    expect(runs.stored.get('alerts')?.position).toBe('2026-03-01T12:00:30.000Z');
    await stop();
    expect(runs.stored.get('alerts')).toMatchObject({
      lease: undefined,
      position: '2026-03-01T12:00:30.000Z',
    });
  });

  it('looks sooner when something went wrong, though not all the time', async () => {
    const { start, seen, clock } = watched();
    let looks = 0;
    seen.before = () => {
      looks += 1;
    };
    const { alerting, stop } = start();
    await clock.advance(500);
    expect(looks).toBe(1);
    for (let failures = 0; failures < 100; failures += 1) alerting.soon();
    await clock.advance(499);
    expect(looks).toBe(1);
    await clock.advance(1);
    expect(looks).toBe(2);
    await stop();
  });

  it('goes on looking while nobody takes what is told', async () => {
    const { start, seen, clock, told, refuse, store } = watched();
    refuse(true);
    const { stop } = start();
    seen.indexes = noIndex;
    await clock.advance(MINUTE);
    seen.indexes = FIT_INDEXES;
    await clock.advance(3 * MINUTE);
    expect(store.stored.get(INDEX)?.phase).toBe('closed');
    refuse(false);
    await clock.advance(6 * MINUTE);
    expect(told).toEqual([`opened ${INDEX}`, `closed ${INDEX}`]);
    expect(store.stored.size).toBe(0);
    await stop();
  });
});

describe('several processes', () => {
  it('tell of a thing once', async () => {
    const { start, seen, clock, told } = watched();
    const processes = [start(), start(), start()];
    seen.indexes = noIndex;
    await clock.advance(2 * MINUTE);
    expect(told).toEqual([`opened ${INDEX}`]);
    await Promise.all(processes.map(({ stop }) => stop()));
  });

  it('go on where one has died, with what it knew', async () => {
    const { start, seen, clock, told, runs } = watched();
    const first = start();
    seen.indexes = noIndex;
    await clock.advance(MINUTE);
    // It dies: its lease is never given back, and somebody else takes it when it runs out.
    await first.stop();
    await runs.begin('alerts', clock.now(), 30_000);
    const second = start();
    await clock.advance(25_000);
    expect(runs.stored.get('alerts')?.position).toBe('2026-03-01T12:01:00.000Z');
    await clock.advance(15_000);
    expect(runs.stored.get('alerts')?.position).not.toBe('2026-03-01T12:01:00.000Z');
    seen.indexes = FIT_INDEXES;
    await clock.advance(2 * MINUTE);
    expect(told).toEqual([`opened ${INDEX}`, `closed ${INDEX}`]);
    await second.stop();
  });
});

describe('a database that does not answer', () => {
  it('is told of from memory, to whoever has not taken it yet, and so is its end', async () => {
    const { start, seen, clock, told, refuse } = watched();
    const { stop } = start();
    await clock.advance(MINUTE);
    seen.before = () => {
      throw away;
    };
    refuse(true);
    await clock.advance(MINUTE);
    expect(told).toEqual([]);
    refuse(false);
    await clock.advance(MINUTE);
    expect(told).toEqual(['opened unreachable:mongodb']);
    seen.before = () => undefined;
    await clock.advance(MINUTE);
    expect(told).toEqual(['opened unreachable:mongodb', 'closed unreachable:mongodb']);
    await stop();
  });

  it('is given up where the receiver refuses the notice itself', async () => {
    const { start, seen, clock, refused, refuse } = watched();
    const { stop } = start();
    await clock.advance(MINUTE);
    seen.before = () => {
      throw away;
    };
    refuse(true, 400);
    await clock.advance(10 * MINUTE);
    expect(refused).toEqual(Array(5).fill('opened unreachable:mongodb'));
    await stop();
  });

  it('is told of also before anybody could look', async () => {
    const { start, clock, told } = watched();
    const { alerting, stop } = start();
    await stop();
    for (let times = 0; times < 12; times += 1) {
      alerting.cannotCheck(away);
      await clock.advance(2_000);
    }
    expect(told).toEqual(['opened unreachable:mongodb']);
  });

  it('is not blamed for a fault of ours, which is told of under a name of its own', async () => {
    const { start, seen, clock, told } = watched();
    const { stop } = start();
    seen.before = () => {
      throw new TypeError('alice@example.com is not a function');
    };
    await clock.advance(MINUTE);
    expect(told).toEqual(['opened unreachable:alerting']);
    seen.before = () => undefined;
    await clock.advance(MINUTE);
    expect(told.at(-1)).toBe('closed unreachable:alerting');
    await stop();
  });

  it('for a moment is no alert', async () => {
    const { start, seen, clock, told } = watched();
    const { stop } = start();
    for (let times = 0; times < 3; times += 1) {
      seen.before = () => {
        throw away;
      };
      await clock.advance(15_000);
      seen.before = () => undefined;
      await clock.advance(15_000);
    }
    expect(told).toEqual([]);
    await stop();
  });

  it('has those whose passes failed then in backoff, which is no cause of its own', async () => {
    const { start, seen, clock, told } = watched();
    const { stop } = start();
    seen.before = () => {
      throw away;
    };
    await clock.advance(5_000);
    const at = clock.now().toISOString();
    seen.before = () => undefined;
    seen.people = [failing({ upstream: 'mongodb', code: 'UNREACHABLE', at })];
    await clock.advance(5 * MINUTE);
    expect(told).toEqual([]);
    // Tried again, and failed again, while everything else can be read.
    seen.people = [failing({ upstream: 'mongodb', code: 'UNREACHABLE', at: clock.now().toISOString() })];
    await clock.advance(MINUTE);
    expect(told).toEqual(['opened converge-failing:mongodb:UNREACHABLE']);
    await stop();
  });
});

it('a service that cannot start because the storage of passwords was not chosen has an alert of its own', async () => {
  const { start, told } = watched();
  const { alerting, stop } = start();
  await alerting.cannotStart(new UsageError('credentials.storage is not set.', 'CREDENTIAL_STORAGE_UNSET'));
  expect(told).toEqual(['opened credentials-refused:storage']);
  await stop();
});

it('a service that cannot start tells so once, however often it is started, and that it does at last', async () => {
  const { start, clock, told } = watched();
  const keys = new UsageError('The key k1 is not the one.', 'CREDENTIAL_KEY_DIFFERS');
  for (let times = 0; times < 4; times += 1) {
    const { alerting, stop } = start();
    await alerting.cannotStart(keys);
    await stop();
    await clock.advance(5_000);
  }
  expect(told).toEqual(['opened credentials-refused:sealing-keys']);
  const { stop } = start();
  await clock.advance(2 * MINUTE);
  expect(told).toEqual([
    'opened credentials-refused:sealing-keys',
    'closed credentials-refused:sealing-keys',
  ]);
  await stop();
});
