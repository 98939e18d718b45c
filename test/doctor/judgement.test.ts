/** What the checks make of what they see, where no real part can be brought to it. */
import { expect, test } from 'vitest';
import type { Seen } from '../../src/doctor/check.ts';
import { judgeClocks } from '../../src/doctor/clock.ts';
import { configurationChecks } from '../../src/doctor/configuration.ts';
import { judgeCodes, judgeLinkedTenants } from '../../src/doctor/platform.ts';
import { simulationChecks } from '../../src/doctor/simulate.ts';
import { judgeEventStreams, judgeLogStreams } from '../../src/doctor/streams.ts';
import { UpstreamError, UsageError } from '../../src/errors.ts';
import { parseTenantId, type TenantId } from '../../src/identity.ts';
import type { InspectedLogStream } from '../../src/ports/inspection.ts';

function tenantId(name: string): TenantId {
  const id = parseTenantId(name);
  if (id === undefined) throw new Error('not a tenant');
  return id;
}
const A = tenantId('a');
const B = tenantId('b');
const TOKENS = ['x'.repeat(32), 'y'.repeat(32)];
const STREAM: InspectedLogStream = {
  ...{ id: 'lst_1', name: 'ours', endpoint: 'https://h/p/webhooks/auth0/a', isPriority: false },
  ...{ status: 'active', authorization: TOKENS[0], filters: [], headers: [] },
};
const OURS = { by: 'concord' } as const;
const EVENTS = {
  endpoint: 'https://h/webhooks/auth0/a/events',
  isEnabled: true,
  types: ['user.created', 'user.updated', 'user.deleted'],
};
const tenant = (id: TenantId, other: object = {}) => ({
  ...{ id, domain: `${id}.auth0.com`, emailTag: undefined, sisterOf: null, ...other },
});

const CASES: readonly [reason: string, seen: Seen, codes: readonly string[]][] = [
  ['clocks within a few seconds say nothing', judgeClocks([{ name: 'x', aheadMs: 4_000 }]), []],
  ['who did not say its time is not compared', judgeClocks([{ name: 'x', aheadMs: undefined }]), []],
  [
    'one of three that differs is the one',
    judgeClocks([
      { name: 'MongoDB', aheadMs: 60_000 },
      { name: 'Auth0', aheadMs: 100 },
      { name: 'the PDS', aheadMs: -200 },
    ]),
    ['CLOCK_DIFFERS'],
  ],
  [
    'with one alone nobody knows whose is wrong',
    judgeClocks([{ name: 'x', aheadMs: 60_000 }]),
    ['CLOCK_DIFFERS'],
  ],
  [
    'two that agree are believed',
    judgeClocks([
      { name: 'x', aheadMs: -60_000 },
      { name: 'y', aheadMs: -61_000 },
    ]),
    ['CLOCK_OFF'],
  ],
  ['four fifths of a year is room enough', judgeCodes('ac26', 87_000), []],
  ['more than that is told before it is felt', judgeCodes('ac26', 88_000), ['CODE_SPACE']],
  ['two tenants by themselves', judgeLinkedTenants([tenant(A), tenant(B)]), []],
  [
    'sisters with tags',
    judgeLinkedTenants([tenant(A, { emailTag: 'a' }), tenant(B, { sisterOf: 'a', emailTag: 'b' })]),
    [],
  ],
  [
    'sisters, of whom one has no tag',
    judgeLinkedTenants([tenant(A), tenant(B, { sisterOf: 'a', emailTag: 'b' })]),
    ['SISTERS_UNTAGGED'],
  ],
  [
    'sisters without a tag',
    judgeLinkedTenants([tenant(A), tenant(B, { sisterOf: 'a' })]),
    ['SISTERS_UNTAGGED'],
  ],
  [
    'one tenant twice',
    judgeLinkedTenants([tenant(A), tenant(B, { domain: 'a.auth0.com' })]),
    ['TENANT_TWICE'],
  ],
  [
    'a stream with the second token, as while it is rotated',
    judgeLogStreams(A, [{ ...STREAM, authorization: `Bearer ${TOKENS[1]}` }], TOKENS, OURS),
    [],
  ],
  [
    'a token that is masked cannot be compared',
    judgeLogStreams(A, [{ ...STREAM, authorization: '*****' }], TOKENS, OURS),
    [],
  ],
  [
    'nor one that is not shown',
    judgeLogStreams(A, [{ ...STREAM, authorization: undefined }], TOKENS, OURS),
    [],
  ],
  [
    'an active one beside a paused one',
    judgeLogStreams(A, [{ ...STREAM, status: 'paused' }, STREAM], TOKENS, OURS),
    [],
  ],
  [
    'a stream of somebody else’s is none of ours',
    judgeLogStreams(A, [{ ...STREAM, endpoint: 'https://other/logs' }], TOKENS, OURS),
    ['STREAM_MISSING'],
  ],
  [
    'all categories that bring users',
    judgeLogStreams(
      A,
      [{ ...STREAM, filters: ['auth.signup.success', 'user.success', 'management.success'] }],
      TOKENS,
      OURS,
    ),
    ['STREAM_FILTERS'],
  ],
  ['before the first start nobody answers', judgeLogStreams(A, [STREAM], TOKENS, { by: 'nobody' }), []],
  [
    'another Concord',
    judgeLogStreams(A, [STREAM], TOKENS, { by: 'concord-without-tenant' }),
    ['STREAM_ELSEWHERE'],
  ],
  ['an event stream that is enabled', judgeEventStreams(A, [EVENTS]), []],
  ['none, though a token is configured', judgeEventStreams(B, [EVENTS]), ['EVENT_STREAM_MISSING']],
  [
    'one that is disabled',
    judgeEventStreams(A, [{ ...EVENTS, isEnabled: false }]),
    ['EVENT_STREAM_DISABLED'],
  ],
  [
    'one that is told of creations only',
    judgeEventStreams(A, [{ ...EVENTS, types: ['user.created'] }]),
    ['EVENT_STREAM_TYPES'],
  ],
];

test.each(CASES)('%s', (_reason, { findings }, codes) => {
  expect(findings.map(({ code }) => code)).toEqual(codes);
});

test('that a token is hidden is said, and none is shown', () => {
  const seen = judgeLogStreams(A, [{ ...STREAM, authorization: '*****' }], TOKENS, OURS);
  expect(seen.summary).toBe('ours, active; Auth0 hides its token, which is not compared');
  const wrong = judgeLogStreams(A, [{ ...STREAM, authorization: 'canary' }], TOKENS, OURS);
  expect(wrong.findings).toMatchObject([{ code: 'STREAM_TOKEN' }]);
  expect(JSON.stringify(wrong)).not.toContain('canary');
});

test('every problem of a configuration is a finding, under what needs it', async () => {
  const checks = configurationChecks((needs) => {
    if (!needs.includes('auth0')) return undefined as never;
    throw new UsageError(
      'The configuration has 2 problems:\n  one: is missing\n  two: is missing',
      'CONFIG_INVALID',
    );
  });
  const seen = await Promise.all(checks.map(async ({ name, run: look }) => ({ name, ...(await look()) })));
  expect(seen.flatMap(({ name, findings }) => findings.map(({ what }) => [name, what]))).toEqual([
    ['configuration of auth0', 'one: is missing.'],
    ['configuration of auth0', 'two: is missing.'],
  ]);
  expect(seen.filter(({ isShut }) => isShut === true).map(({ name }) => name)).toEqual([
    'configuration of auth0',
  ]);
});

test('a user who may write one database alone may not simulate, and is told what it takes', async () => {
  const refused = new UpstreamError('MongoDB could not make a database: Unauthorized (13)', {
    ...{ upstream: 'mongodb', code: 'UNAUTHORIZED', retryable: false },
  });
  const tenant = { id: A, keyPrefix: '', emailTag: undefined, logTokens: () => TOKENS };
  const [ingest] = simulationChecks([tenant], () => Promise.reject(refused));
  expect(await ingest?.run()).toMatchObject({
    isShut: true,
    findings: [{ code: 'SIMULATION_RIGHTS', mend: expect.stringMatching(/readWriteAnyDatabase/) }],
  });
});
