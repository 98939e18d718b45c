/**
 * Keeps a call from waiting for ever on a connection that has just broken.
 *
 * The driver writes a command and, when the socket takes no more at once, waits for `drain`. A socket that was
 * destroyed a moment ago also takes no more, and has no `drain` and no `error` left to give: the call never
 * ends, whatever its timeouts, and its connection is never given back. When a server dies, all its sockets
 * break in the same moment, so this is met often, and the worst that it meets is the monitor: from then on the
 * server is never found again, though it is back. Seen about once in twenty kills of mongod with 6.16.0; the
 * code is the same in 6.21 and 7.0.
 *
 * There is no public way in, and the driver is pinned to one version; `test/mongo/driver/lost-sockets` fails with another
 * one in which this no longer fits.
 */
import type { Socket } from 'node:net';
import { MongoNetworkError } from 'mongodb';
import { Connection } from 'mongodb/lib/cmap/connection.js';

const driverWrites = Connection.prototype.writeCommand;

/** Patches the driver, once for all connections of this process. */
export function endCallsOnLostSockets(): void {
  Connection.prototype.writeCommand = writeWhileOpen;
}

async function writeWhileOpen(this: { readonly socket: Socket }, ...call: [unknown, unknown]): Promise<void> {
  const { socket } = this;
  if (socket.closed) throw lost();
  let onClose: (() => void) | undefined;
  const closed = new Promise<never>((_, reject) => {
    onClose = () => reject(lost());
    socket.once('close', onClose);
  });
  try {
    await Promise.race([driverWrites.apply(this, call), closed]);
  } finally {
    if (onClose !== undefined) socket.off('close', onClose);
  }
}

function lost(): MongoNetworkError {
  return new MongoNetworkError('The connection broke while a command was written to it.');
}
