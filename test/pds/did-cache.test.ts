import { expect, test } from 'vitest';
import type { Did } from '../../src/identity.ts';
import { rememberingDids } from '../../src/pds/did-cache.ts';
import type { ServiceLocation } from '../../src/ports/accounts.ts';
import { aliceDid, bobDid } from '../mongo/subjects/people.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const HOUR = 3_600_000;
const ELSEWHERE: ServiceLocation = { type: 'elsewhere', origin: 'https://elsewhere.example' };

function setUp(location: ServiceLocation | 'away', maxDids?: number) {
  const clock = virtualClock();
  const asked: Did[] = [];
  const state = { location };
  const dids = rememberingDids(
    {
      async serviceOf(did) {
        asked.push(did);
        if (state.location === 'away') throw new Error('away');
        return state.location;
      },
    },
    clock,
    maxDids,
  );
  return { dids, clock, asked, state };
}

test('an account that moved is asked about again after a day', async () => {
  const { dids, clock, asked } = setUp(ELSEWHERE);
  await dids.serviceOf(aliceDid);
  await clock.advance(24 * HOUR - 1);
  expect(await dids.serviceOf(aliceDid)).toEqual(ELSEWHERE);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  await dids.serviceOf(aliceDid);
  expect(asked).toHaveLength(2);
});

test.each<ServiceLocation['type']>(['here', 'nowhere'])(
  '%s is asked about again after minutes',
  async (type) => {
    const { dids, clock, asked } = setUp({ type } as ServiceLocation);
    await dids.serviceOf(aliceDid);
    await clock.advance(HOUR / 12 - 1);
    await dids.serviceOf(aliceDid);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await dids.serviceOf(aliceDid);
    expect(asked).toHaveLength(2);
  },
);

test('a failure is not remembered', async () => {
  const { dids, state } = setUp('away');
  await expect(dids.serviceOf(aliceDid)).rejects.toThrow('away');
  state.location = { type: 'here' };
  expect(await dids.serviceOf(aliceDid)).toEqual({ type: 'here' });
});

test('of so many, the one that was asked about longest ago is forgotten', async () => {
  const { dids, asked } = setUp(ELSEWHERE, 2);
  const carolDid = aliceDid.replaceAll('a', 'c') as Did;
  for (const did of [aliceDid, bobDid, aliceDid, carolDid, aliceDid]) await dids.serviceOf(did);
  expect(asked).toEqual([aliceDid, bobDid, carolDid]);
  await dids.serviceOf(bobDid);
  expect(asked).toEqual([aliceDid, bobDid, carolDid, bobDid]);
});
