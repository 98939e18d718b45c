/** What every event log promises, whatever it keeps its events in. */
import { describe, expect, it } from 'vitest';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { eventId } from '../../../src/identity.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import { aliceEvent } from '../../support/in-memory/alice-events.ts';
import { alice, all, assigned, at, bob, signedUp } from '../subjects/people.ts';

/** `make` gives an empty log. */
export function eventLogContract(make: () => Promise<EventLog>): void {
  describe('an event log', () => {
    it('gives back what was appended, with its dates and causes', async () => {
      const log = await make();
      const events = [signedUp('main:1', alice, at(1)), assigned('e-2', alice, at(2), ['main:1'])];
      expect(await log.append(events)).toEqual({ appended: 2, duplicates: [] });
      expect(await all(log.read({ user: alice.user }))).toEqual(events);
      expect(await all(log.read({ user: bob.user }))).toEqual([]);
    });

    it('gives what decides about a user: every event of ours, and the newest deletion hint', async () => {
      const log = await make();
      const hint = (id: string, recordedAt: number): ConcordEvent => {
        const entry = signedUp(id, alice, at(1));
        return {
          ...entry,
          recordedAt: at(recordedAt),
          data: { ...entry.data, code: 'sdu', hint: 'deleted' },
        } as ConcordEvent;
      };
      const [older, newer] = [hint('main:old', 5), hint('main:new', 8)];
      const ours = { ...assigned('e-1', alice, at(3)), recordedAt: at(3) };
      const logins = [signedUp('main:1', alice, at(2)), signedUp('main:2', alice, at(9))];
      const others = [assigned('e-2', bob, at(4)), { ...hint('main:bob', 9), user: bob.user }];
      await log.append([newer, ...logins, older, ours, ...others]);
      expect(byId(await log.ofUser(alice.user))).toEqual([newer, ours]);
      expect(byId(await log.ofUser(alice.user, at(7)))).toEqual([older, ours]);
      expect(await log.ofUser(alice.user, at(2))).toEqual([]);
    });

    it('appends nothing when given nothing', async () => {
      const log = await make();
      expect(await log.append([])).toEqual({ appended: 0, duplicates: [] });
    });

    it('leaves an event that is there as it is and reports it', async () => {
      const log = await make();
      const first = signedUp('main:1', alice, at(1));
      await log.append([first]);
      const result = await log.append([
        signedUp('main:0', alice, at(0)),
        signedUp('main:1', bob, at(5)),
        signedUp('main:2', alice, at(2)),
      ]);
      expect(result).toEqual({ appended: 2, duplicates: ['main:1'] });
      expect(await all(log.read({ user: alice.user }))).toEqual([
        signedUp('main:0', alice, at(0)),
        first,
        signedUp('main:2', alice, at(2)),
      ]);
      expect(await all(log.read({ user: bob.user }))).toEqual([]);
    });

    it('takes an id that comes twice in one call once', async () => {
      const log = await make();
      const event = signedUp('main:1', alice, at(1));
      expect(await log.append([event, event])).toEqual({ appended: 1, duplicates: ['main:1'] });
      expect(await all(log.read({ user: alice.user }))).toHaveLength(1);
    });

    it('has each event once when many append the same at once', async () => {
      const log = await make();
      const events = Array.from({ length: 50 }, (_, index) => signedUp(`main:${index}`, alice, at(index)));
      const results = await Promise.all(Array.from({ length: 8 }, () => log.append(events)));
      expect(results.reduce((sum, result) => sum + result.appended, 0)).toBe(50);
      expect(await all(log.read({ user: alice.user }))).toHaveLength(50);
    });

    it('reads of a halt as many users as are asked for, and all else as it is', async () => {
      const log = await make();
      const run = eventId('e-1');
      const data = { run, kind: 'renames', limit: 1, count: 3, of: 9 } as const;
      const users = [alice.user, bob.user];
      const halt = aliceEvent('sweep.halted', 1, { ...data, users });
      await log.append([halt, aliceEvent('sweep.started', 2, { users: 9 })]);
      const types = ['sweep.halted', 'sweep.started'] as const;
      const some = await all(log.read({ types, usersOfHalts: 1 }));
      expect(some.map((event) => event.data)).toEqual([{ ...data, users: [alice.user] }, { users: 9 }]);
      expect(some[0]).toEqual({ ...halt, data: some[0]?.data });
      expect((await all(log.read({ types })))[0]).toEqual(halt);
    });

    describe('is read in the order of time', () => {
      const events = [
        signedUp('main:3', alice, at(3)),
        signedUp('main:1', alice, at(1)),
        assigned('e-4', alice, at(4)),
        signedUp('main:2', bob, at(2)),
        assigned('e-5', bob, at(5)),
      ];
      const cases: readonly (readonly [string, Parameters<EventLog['read']>[0], readonly string[]])[] = [
        ['all of it', {}, ['main:1', 'main:2', 'main:3', 'e-4', 'e-5']],
        ['newest first', { newestFirst: true }, ['e-5', 'e-4', 'main:3', 'main:2', 'main:1']],
        ['the newest two', { newestFirst: true, limit: 2 }, ['e-5', 'e-4']],
        ['no limit by a limit of 0', { limit: 0 }, ['main:1', 'main:2', 'main:3', 'e-4', 'e-5']],
        ['since a time, that time included', { since: at(3) }, ['main:3', 'e-4', 'e-5']],
        ['of one user', { user: alice.user }, ['main:1', 'main:3', 'e-4']],
        ['of one type', { types: ['code.assigned'] }, ['e-4', 'e-5']],
        ['of no type', { types: [] }, []],
        [
          'of a user, a type and a time',
          { user: alice.user, types: ['auth0.log-received'], since: at(2) },
          ['main:3'],
        ],
      ];
      it.each(cases)('%s', async (_name, query, expected) => {
        const log = await make();
        await log.append(events);
        expect((await all(log.read(query))).map((event) => event._id)).toEqual(expected);
      });
    });
  });
}

function byId(events: readonly ConcordEvent[]): ConcordEvent[] {
  return [...events].sort((a, b) => a.at.getTime() - b.at.getTime());
}
