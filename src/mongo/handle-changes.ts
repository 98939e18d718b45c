/**
 * Tells of every change to `@handles` as it happens, by a change stream. It is a trigger, so that a
 * chosen handle reaches the PDS at once; what happens while nobody watches is found by the sweep.
 */
import type { Db } from 'mongodb';
import { storedUserKey, type UserKey } from '../identity.ts';
import { reading } from './errors.ts';

/**
 * Watches until the signal aborts. Throws UpstreamError when the server has no change streams (a
 * standalone) or the stream breaks; may be called again then.
 */
export async function watchHandles(
  db: Db,
  onChange: (user: UserKey) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const changes = db.collection<{ _id: string }>('@handles').watch([], { maxAwaitTimeMS: 1_000 });
  const close = () => void changes.close().catch(() => undefined);
  signal.addEventListener('abort', close);
  try {
    await reading('watch the handles', async () => {
      for await (const change of changes) {
        if ('documentKey' in change) await onChange(storedUserKey(String(change.documentKey._id)));
      }
    });
  } catch (error) {
    // Closing the stream from outside ends the loop with an error of the driver's.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', close);
    await changes.close();
  }
}
