/** One row of the PDS that cannot be read costs no other row, and is unknown: never absent. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAccountInfos, readRepoPage } from '../../src/pds/answers.ts';
import { aliceDid, bobDid } from '../mongo/subjects/people.ts';
import { accountOf, LIMITS, populate, sweepOnce } from '../support/in-memory/sweeps.ts';
import { createWorld, eventsOf, shownConditions, untilQuiet } from '../support/in-memory/world.ts';

const info = (did: string) => ({ did, handle: 'alice.at.test', email: 'alice@example.com' });
const odd = fc.oneof(fc.jsonValue(), fc.record({ handle: fc.jsonValue(), email: fc.jsonValue() }));

describe('accounts that are asked for together', () => {
  it.each([
    ['a handle of another type', { handle: 7 }],
    ['no handle', { handle: undefined }],
    ['an address of another type', { email: ['alice@example.com'] }],
    ['an invite without a code', { invitedBy: {} }],
  ])('one with %s is unreadable, and the others are read', (_what, changes) => {
    const infos = [{ ...info(aliceDid), ...changes }, info(bobDid)];
    const found = readAccountInfos({ infos }, [aliceDid, bobDid]);
    expect(found.get(aliceDid)).toBe('unreadable');
    expect(found.get(bobDid)).toMatchObject({ did: bobDid });
  });

  it('one whose address is null has none, and unknown fields are not read', () => {
    const infos = [{ ...info(aliceDid), email: null, mood: { is: 'new' } }, info(bobDid)];
    expect(readAccountInfos({ infos }, [aliceDid, bobDid]).get(aliceDid)).toMatchObject({ email: undefined });
  });

  it('a row that names no account may be any that is not in the answer', () => {
    const found = readAccountInfos({ infos: [info(bobDid), { handle: 'x' }] }, [aliceDid, bobDid]);
    expect([found.get(aliceDid), found.get(bobDid)]).toEqual(['unreadable', expect.objectContaining({})]);
    expect(readAccountInfos({ infos: [info(bobDid)] }, [aliceDid, bobDid]).has(aliceDid)).toBe(false);
  });

  it('whatever a row is, no account that is asked for is taken for absent by it', () => {
    fc.assert(
      fc.property(odd, (row) => {
        const found = readAccountInfos({ infos: [info(bobDid), row] }, [aliceDid, bobDid]);
        expect(found.get(aliceDid)).toBe('unreadable');
        expect(found.get(bobDid)).toMatchObject({ did: bobDid });
      }),
    );
  });

  it('rows that cannot be read one and all are another format', () => {
    expect(() => readAccountInfos({ infos: [{}, {}] }, [aliceDid])).toThrow();
    expect(() => readRepoPage({ repos: [{}, {}] })).toThrow();
  });
});

it('a listed repository that cannot be read costs no other, and one of an odd state is in an unknown one', () => {
  const repos = [{ did: aliceDid, active: 'yes' }, { did: 7 }, 'x', { did: bobDid, active: true }];
  expect(readRepoPage({ repos, cursor: '1' })).toEqual({
    cursor: '1',
    repos: [
      { did: aliceDid, state: 'unknown' },
      'unreadable',
      'unreadable',
      { did: bobDid, state: 'active' },
    ],
  });
});

it('in a sweep that user alone is unknown and due, and nothing that an earlier listing found is dropped', async () => {
  const world = createWorld();
  const [alice, ...others] = await populate(world, 12);
  if (alice === undefined) throw new Error('Nobody is there.');
  const did = accountOf(world, alice)?.did;
  if (did === undefined) throw new Error('alice has no account.');
  const hidden = world.accounts.put({
    handle: 'hidden.at.test' as never,
    email: 'hidden@example.com',
    status: 'deactivated',
  });
  await sweepOnce(world);
  const known = () => world.inactive.holdersOf(['hidden@example.com'], []);
  expect([...(await known()).values()]).toEqual([[hidden]]);

  world.accounts.spoil(did);
  world.accounts.spoil(hidden);
  const swept = await sweepOnce(world, { ...LIMITS, disappearances: { share: 0, count: 0 } });
  expect(swept).toMatchObject({ complete: true, drifted: 1, halts: [] });
  expect([...(await known()).values()]).toEqual([[hidden]]);
  for (const who of others)
    expect(await shownConditions(world, who.user)).toMatchObject({ account: 'True AccountActive' });
  // Read by itself it is as ever, and nothing was taken for removed.
  await untilQuiet(world);
  expect(await shownConditions(world, alice.user)).toMatchObject({ account: 'True AccountActive' });
  expect(eventsOf(world, alice).some(({ type }) => type === 'resource.removed')).toBe(false);
});
