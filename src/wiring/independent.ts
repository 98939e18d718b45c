/** The clients of independent resources. A resource adds one line to each function. */
import type { Clients, Readers } from '../reconcilers/independent.ts';

/** For commands that only read: nothing that could write. */
export function independentReaders(): Readers {
  return {};
}

export function independentClients(): Clients {
  return {};
}
