import { expect, test } from 'vitest';
import { type Check, found, runChecks, well } from '../../src/doctor/check.ts';
import { UpstreamError } from '../../src/errors.ts';
import { systemClock } from '../../src/wiring/system.ts';

const FINDING = {
  level: 'error',
  code: 'BROKEN',
  what: 'It is broken.',
  why: 'So.',
  mend: 'Mend it.',
} as const;
const check = (name: string, needs: readonly string[], look: Check['run']): Check => ({
  name,
  needs,
  run: look,
});
const run = (checks: readonly Check[], timeoutMs = 1_000) =>
  runChecks(checks, { clock: systemClock, timeoutMs });

test('what stands on something that is shut says so, all the way up, and is no finding', async () => {
  const examined = await run([
    check('top', ['middle'], async () => well('looked at')),
    check('middle', ['ground', 'other'], async () => well('looked at')),
    check('ground', [], async () => ({ ...found('gone', FINDING), isShut: true })),
    check('other', [], async () => well('there')),
  ]);
  expect(examined).toEqual([
    { check: 'top', tenant: null, status: 'not-looked-at', because: 'middle' },
    { check: 'middle', tenant: null, status: 'not-looked-at', because: 'ground' },
    { check: 'ground', tenant: null, status: 'found', summary: 'gone', findings: [FINDING] },
    { check: 'other', tenant: null, status: 'well', summary: 'there', findings: [] },
  ]);
});

test('a finding alone shuts nothing, and a check that several stand on is made once', async () => {
  let looks = 0;
  const ground = check('ground', [], async () => {
    looks += 1;
    return found('half', FINDING);
  });
  const above = async () => well('looked at');
  const examined = await run([ground, check('a', ['ground'], above), check('b', ['ground'], above)]);
  expect(examined.map(({ status }) => status)).toEqual(['found', 'well', 'well']);
  expect(looks).toBe(1);
});

test('what fails, or does not end, is a finding that names it and shuts what stands on it', async () => {
  const failing = check('failing', [], async () => {
    throw new UpstreamError('pds health answered 500.', {
      upstream: 'pds',
      code: 'SERVER_ERROR',
      retryable: true,
    });
  });
  const endless = check('endless', [], () => new Promise(() => {}));
  const examined = await run([failing, endless, check('above', ['endless'], async () => well('no'))], 20);
  expect(examined).toMatchObject([
    {
      findings: [{ code: 'NOT_SEEN', what: 'The failing could not be checked: pds health answered 500.' }],
    },
    { findings: [{ code: 'NOT_SEEN', what: 'The endless could not be checked: no answer in 20 ms.' }] },
    { status: 'not-looked-at', because: 'endless' },
  ]);
});

test('a check that needs one that is not there is a mistake of ours', async () => {
  await expect(run([check('a', ['nothing'], async () => well('no'))])).rejects.toThrow(
    'the check a needs nothing, which is not among them',
  );
});
