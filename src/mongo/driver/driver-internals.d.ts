/** What `lost-sockets.ts` reaches for in the driver, which declares only what is public. */
declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net';

  export const Connection: {
    readonly prototype: {
      writeCommand: (this: { readonly socket: Socket }, command: unknown, options: unknown) => Promise<void>;
    };
  };
}
