/**
 * Single-use invite codes, one an account: the answers about accounts carry every use of theirs. A call for one
 * code takes the PDS a twentieth of the time that an account takes, and a call for thirty hardly more; so
 * creations in a row use codes that were made in advance.
 */
import { readInviteCodes } from './answers.ts';
import type { Xrpc } from './xrpc.ts';

/** Each batch is twice the one before it, so that never more codes are left over than were used. */
const MOST_IN_ADVANCE = 32;

export interface InviteCodes {
  take(): Promise<string>;
  /** The PDS refused one: what was made along with it is no better. */
  drop(): void;
}

export function inviteCodes(xrpc: Xrpc): InviteCodes {
  let ready: string[] = [];
  let batch = 1;
  let making: Promise<void> | undefined;
  const make = async (): Promise<void> => {
    const input = { codeCount: batch, useCount: 1 };
    const made = await xrpc({ name: 'server.createInviteCodes', as: 'admin', input, parse: readInviteCodes });
    ready.push(...made);
    batch = Math.min(MOST_IN_ADVANCE, batch * 2);
  };
  return {
    async take() {
      for (;;) {
        const code = ready.shift();
        if (code !== undefined) return code;
        making ??= make().finally(() => {
          making = undefined;
        });
        await making;
      }
    },
    drop() {
      ready = [];
      batch = 1;
    },
  };
}
