/** The documents of test users of `doctor --simulate --full`, found and removed by their reserved keys and by nothing else. */
import type { Db } from 'mongodb';
import { isSimulatedKey, SIMULATED_PREFIX, type UserKey } from '../../identity.ts';
import type { SimulatedUsers } from '../../ports/inspection.ts';
import { collections } from '../driver/collections.ts';
import { reading, writing } from '../driver/errors.ts';

interface Keyed {
  readonly _id: UserKey;
}

/** The document that leads to the account is the last to be removed. */
const holding = [collections.handles, collections.verifications, collections.users];

export function simulatedUsers(db: Db): SimulatedUsers {
  return {
    keys: () =>
      reading('find test users of earlier simulations', async () => {
        const reserved = { $gte: SIMULATED_PREFIX as UserKey, $lt: `${SIMULATED_PREFIX}\uffff` as UserKey };
        const found = await Promise.all(
          holding.map((name) =>
            db
              .collection<Keyed>(name)
              .find({ _id: reserved }, { projection: { _id: 1 } })
              .toArray(),
          ),
        );
        return [...new Set(found.flat().map(({ _id }) => _id))].filter(isSimulatedKey);
      }),

    remove: async (user) => {
      if (!isSimulatedKey(user)) throw new Error('only users of simulations are removed');
      for (const name of holding)
        await writing('remove the documents of a test user', () =>
          db.collection<Keyed>(name).deleteOne({ _id: { $eq: user } }),
        );
    },
  };
}
