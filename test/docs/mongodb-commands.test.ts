/** The list of what is sent to MongoDB, and the names that commands are noted by. */
import { Long, ObjectId } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { flawOf, REMOVED } from '../../scripts/docs/mongodb-commands.ts';
import { namesIn } from '../support/mongodb-monitor.ts';

describe('the names of a command', () => {
  test('are its own, its options, and the operators and stages anywhere in it', () => {
    const pipeline = [{ $match: { at: { $gt: new Date() } } }, { $group: { _id: '$user' } }];
    const command = {
      aggregate: 'events',
      pipeline,
      cursor: {},
      lsid: { id: new ObjectId() },
      $db: 'concord',
    };
    expect(namesIn('aggregate', command)).toEqual([
      ...['aggregate', 'aggregate.pipeline', 'aggregate.cursor', 'aggregate.lsid', 'aggregate.$db'],
      ...['$match', '$gt', '$group'],
    ]);
  });

  test('of createIndexes are the options of each index too', () => {
    const indexes = [{ key: { at: 1 }, name: 'at', bucketSize: Long.ONE }];
    expect(namesIn('createIndexes', { createIndexes: 'events', indexes })).toEqual([
      'createIndexes',
      'createIndexes.indexes',
      'index.key',
      'index.name',
      'index.bucketSize',
    ]);
  });
});

describe('the list', () => {
  test.each(['find', 'find.filter', 'find.lsid', 'update.updates', '$set', '$match', 'index.unique'])(
    'has %s',
    (name) => expect(flawOf(name)).toBeUndefined(),
  );

  test.each([
    ['group', 'MongoDB 4.2 removed group.'],
    ['index.bucketSize', 'MongoDB 5.0 removed index.bucketSize.'],
    ['$pushAll', 'MongoDB 3.6 removed $pushAll.'],
  ])('refuses %s, which a newer server removed', (name, flaw) => expect(flawOf(name)).toBe(flaw));

  test.each(['hello', 'find.oplogReplay', '$lookup', 'index.hidden'])('asks for %s to be looked up', (name) =>
    expect(flawOf(name)).toContain(`${name} is not in scripts/docs/mongodb-commands.ts`),
  );

  test('has a flaw for everything that was removed', () => {
    for (const name of REMOVED.keys()) expect(flawOf(name)).toContain('removed');
  });
});
