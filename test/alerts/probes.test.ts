import { expect, it } from 'vitest';
import { createProbes } from '../../src/alerts/probes.ts';
import { UpstreamError } from '../../src/errors.ts';
import { tenant } from '../mongo/subjects/people.ts';
import { inMemoryClients } from '../support/in-memory/independent.ts';
import { virtualClock } from '../support/virtual-clock.ts';

function probed() {
  const clock = virtualClock();
  const asked = { pds: 0, auth0: 0 };
  let trouble: Error | undefined;
  const answer = () => {
    if (trouble !== undefined) throw trouble;
  };
  const probes = createProbes({
    clients: inMemoryClients().clients,
    accounts: {
      accounts: async () => {
        asked.pds += 1;
        answer();
        return new Map();
      },
    },
    tenants: [
      {
        id: tenant,
        directory: {
          user: async () => {
            asked.auth0 += 1;
            return 'absent';
          },
        },
      },
    ],
    clock,
    everyMs: 30_000,
  });
  return {
    ...{ clock, asked },
    fail: (error: Error | undefined) => {
      trouble = error;
    },
    ask: async (afterMs = 0) => {
      await clock.advance(afterMs);
      await probes.ask();
      return probes.answers().map(({ answer: { type } }) => type);
    },
    answers: () => probes.answers(),
  };
}

function pds(code: string): UpstreamError {
  return new UpstreamError(`pds said ${code}`, { upstream: 'pds', code, retryable: true });
}

it('asks whoever answers well now and then, and whoever does not every time', async () => {
  const { ask, asked, fail } = probed();
  expect(await ask()).toEqual(['well', 'well']);
  await ask(29_999);
  expect(asked).toEqual({ pds: 1, auth0: 1 });
  fail(pds('UNREACHABLE'));
  expect(await ask(1)).toEqual(['failing', 'well']);
  await ask(10_000);
  expect(asked).toEqual({ pds: 3, auth0: 2 });
  fail(undefined);
  expect(await ask(10_000)).toEqual(['well', 'well']);
});

it('knows since when it is so', async () => {
  const { ask, answers, clock, fail } = probed();
  await ask();
  const start = clock.now();
  await ask(60_000);
  expect(answers()[0]?.answer).toEqual({ type: 'well', since: start });
  fail(pds('TIMEOUT'));
  await ask(60_000);
  const since = clock.now();
  await ask(60_000);
  expect(answers()[0]?.answer).toMatchObject({ type: 'failing', code: 'TIMEOUT', since });
  fail(pds('UNAUTHORIZED'));
  await ask(60_000);
  expect(answers()[0]?.answer).toMatchObject({ type: 'failing', code: 'UNAUTHORIZED', since: clock.now() });
});

it('learns nothing from a limit, and hides no fault of ours', async () => {
  const { ask, fail } = probed();
  fail(pds('RATE_LIMITED'));
  expect(await ask()).toEqual(['unknown', 'well']);
  fail(new Error('a defect'));
  await expect(ask()).rejects.toThrow('a defect');
});
