import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readPlanFile, savedPlan, writePlanFile } from '../../../src/commands/plan/plan-file.ts';
import { strangeness } from '../../../src/engine/operations/saved-plan.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, at, tenant } from '../../mongo/subjects/people.ts';

const directory = mkdtempSync(join(tmpdir(), 'concord-plan-'));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'plan.json');

const place = {
  ...{ database: 'platform', pds: 'https://pds.example.com' },
  tenants: [{ id: tenant, domain: 'main.auth0.com', keyPrefix: '' }],
};
const changes = [{ field: 'verifications.count', from: null, to: '1' }];
const actions = [
  {
    ...{ resource: 'verification', type: 'record-verification', detail: 'count 1', writes: 'a document' },
    ...{ changes, destructive: false, irreversible: false },
  },
];
const rests = { event: eventId('e'), auth0: 'a', documents: 'd', account: 'c', plan: 'p' };
const plan = savedPlan(
  place,
  place.tenants.map((one) => ({ ...one, users: 3 })),
  [{ user: alice.user, tenant, actions, mayFollow: null, rests }],
  'salt',
  at(0),
);

describe('a plan file', () => {
  test('is read as it was written, and by its owner alone', () => {
    writePlanFile(path, plan);
    expect(readPlanFile(path)).toEqual(plan);
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  const good = (): Record<string, unknown> => {
    writePlanFile(path, plan);
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  };
  test.each<[reason: string, make: () => string, says: RegExp]>([
    ['cut short', () => JSON.stringify(good()).slice(0, -20), /it is damaged, or not JSON/],
    ['a changed value', () => JSON.stringify({ ...good(), database: 'other' }), /it is damaged\.$/],
    ['a lost field', () => JSON.stringify({ ...good(), salt: undefined }), /it is damaged\.$/],
    ['another file', () => '{"name":"concord"}', /it was not written by: concord plan --out/],
    [
      'of a later version',
      () => JSON.stringify({ ...good(), version: 3 }),
      /of version 3, and this Concord reads/,
    ],
  ])('that is broken is refused: %s', (_reason, make, says) => {
    writeFileSync(path, make());
    expect(() => readPlanFile(path)).toThrow(says);
  });

  test('that is not there, or cannot be written, is said so', () => {
    expect(() => readPlanFile(join(directory, 'none'))).toThrow(/there is no such file/);
    expect(() => writePlanFile(join(directory, 'none', 'plan'), plan)).toThrow(/there is no such file/);
  });
});

describe('a plan is for its own place', () => {
  const [own] = place.tenants;
  if (own === undefined) throw new Error('There is no tenant.');
  test.each([
    ['the same', place, undefined],
    ['a tenant more', { ...place, tenants: [...place.tenants, { ...own, id: 'x' as never }] }, undefined],
    ['another database', { ...place, database: 'b' }, 'it was made for the database platform, and this is b'],
    ['another PDS', { ...place, pds: 'b' }, 'it was made for the PDS https://pds.example.com, and this is b'],
    ['no such tenant', { ...place, tenants: [] }, /which is not configured here/],
    [
      'another domain',
      { ...place, tenants: [{ ...own, domain: 'b' }] },
      /at main.auth0.com, and here that is at b/,
    ],
    ['another prefix', { ...place, tenants: [{ ...own, keyPrefix: 'b-' }] }, /have another prefix here/],
  ])('%s', (_reason, here, says) => {
    const said = strangeness(plan, here);
    if (says instanceof RegExp) expect(said).toMatch(says);
    else expect(said).toBe(says);
  });
});
