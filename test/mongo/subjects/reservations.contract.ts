/** What every keeper of reservations promises: each value for one user at a time, and all of an attempt or none. */
import { expect, it } from 'vitest';
import { eventId } from '../../../src/identity.ts';
import type { Reservation, Reservations, UniqueValue } from '../../../src/ports/reservations.ts';
import { alice, at, bob, type Person } from './people.ts';

const email: UniqueValue = { kind: 'email', value: 'alice@example.com' };
const handle: UniqueValue = { kind: 'handle', value: 'alice.at.test' };
const other: UniqueValue = { kind: 'handle', value: 'bob.at.test' };

const of = ({ user }: Person, intent: string, seconds = 0): Reservation => ({
  ...{ user, intent: eventId(intent), at: at(seconds), until: at(seconds + 60) },
});

export function reservationsContract(make: () => Promise<Reservations>): void {
  const all = async (reservations: Reservations): Promise<Reservation[]> => {
    const found: Reservation[] = [];
    for await (const page of reservations.all()) found.push(...page);
    return found;
  };

  it('gives a value to one user, and tells the other who has it', async () => {
    const reservations = await make();
    expect(await reservations.find([email, handle])).toEqual([]);
    expect(await reservations.reserve([email, handle], of(alice, 'a'))).toEqual([]);
    expect(await reservations.find([other, email])).toEqual([{ ...email, by: of(alice, 'a') }]);
    expect(await reservations.reserve([email, other], of(bob, 'b'))).toEqual([
      { ...email, by: of(alice, 'a') },
    ]);
    expect(await reservations.ofUser(alice.user)).toEqual([of(alice, 'a'), of(alice, 'a')]);
  });

  it('reserves all of them or none, whichever is held', async () => {
    const reservations = await make();
    await reservations.reserve([handle], of(alice, 'a'));
    expect(await reservations.reserve([email, handle], of(bob, 'b'))).toEqual([
      { ...handle, by: of(alice, 'a') },
    ]);
    expect(await reservations.ofUser(bob.user)).toEqual([]);
    expect(await reservations.find([email])).toEqual([]);
    await reservations.reserve([email], of(alice, 'c'));
    expect(await reservations.reserve([email, other, handle], of(bob, 'd'))).toEqual([
      { ...email, by: of(alice, 'c') },
      { ...handle, by: of(alice, 'a') },
    ]);
    expect(await reservations.find([other])).toEqual([]);
  });

  it('does not take an address for a handle, nor one value for its beginning', async () => {
    const reservations = await make();
    await reservations.reserve([{ kind: 'handle', value: 'a' }], of(alice, 'a'));
    expect(
      await reservations.find([
        { kind: 'email', value: 'a' },
        { kind: 'handle', value: 'a.b' },
      ]),
    ).toEqual([]);
  });

  it('lets a user replace what it has reserved itself', async () => {
    const reservations = await make();
    await reservations.reserve([email], of(alice, 'a'));
    expect(await reservations.reserve([email, handle], of(alice, 'b', 10))).toEqual([]);
    expect(await reservations.find([email])).toEqual([{ ...email, by: of(alice, 'b', 10) }]);
  });

  it('replaces a reservation that is over, and no other one that has come instead', async () => {
    const reservations = await make();
    await reservations.reserve([email, handle], of(alice, 'a'));
    expect(await reservations.reserve([email], of(bob, 'b'), [eventId('z')])).toHaveLength(1);
    expect(await reservations.reserve([email], of(bob, 'b'), [eventId('a')])).toEqual([]);
    expect(await reservations.find([email, handle])).toEqual([
      { ...email, by: of(bob, 'b') },
      { ...handle, by: of(alice, 'a') },
    ]);
    await reservations.release(bob.user);
    await reservations.reserve([email], of(alice, 'c'));
    expect(await reservations.reserve([email], of(bob, 'd'), [eventId('a')])).toEqual([
      { ...email, by: of(alice, 'c') },
    ]);
  });

  it('releases by user and intent, and by user alone', async () => {
    const reservations = await make();
    await reservations.reserve([email], of(alice, 'a'));
    await reservations.reserve([handle], of(alice, 'b'));
    await reservations.reserve([other], of(bob, 'c'));
    await reservations.release(bob.user, [eventId('a'), eventId('b')]);
    await reservations.release(alice.user, [eventId('a'), eventId('z')]);
    expect(await all(reservations)).toEqual(expect.arrayContaining([of(alice, 'b'), of(bob, 'c')]));
    expect(await all(reservations)).toHaveLength(2);
    await reservations.release(alice.user);
    await reservations.release(alice.user);
    expect(await all(reservations)).toEqual([of(bob, 'c')]);
  });

  it('gives a value to one of many who ask at once', async () => {
    const reservations = await make();
    const asked = Array.from({ length: 8 }, (_, index) => {
      const by = { ...of(alice, `intent-${index}`), user: `${alice.user}-${index}` as typeof alice.user };
      return reservations.reserve([email, handle], by).catch((error: unknown) => error);
    });
    const answers = await Promise.all(asked);
    expect(answers.filter((held) => Array.isArray(held) && held.length === 0)).toHaveLength(1);
    expect(new Set((await all(reservations)).map(({ user }) => user)).size).toBe(1);
  });
}
