/**
 * A line to MongoDB that reads along. It counts the commands that databases are sent, and can fail any one of
 * them: by the server's own failpoint, armed while the command is held back, or by losing the answer.
 */
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { BSON, type MongoClient } from 'mongodb';
import { failCommand } from '../../support/mongod.ts';

export type CommandTrouble =
  /** Refused with this code, and not executed. */
  | { readonly type: 'refused'; readonly code: number }
  /** The connection breaks before the command is executed, and again when the driver repeats it. */
  | { readonly type: 'connection-closed' }
  /** Executed, and reported as not acknowledged by a majority. */
  | { readonly type: 'not-acknowledged' }
  /** Executed, and the connection breaks before the answer; again when the driver repeats it. */
  | { readonly type: 'answer-lost' };

export interface Strike {
  /** The command, counted from 0. */
  readonly at: number;
  readonly trouble: CommandTrouble;
}

export interface MongodbInterceptor {
  /** Goes through the line, and never round it. */
  readonly uri: string;
  /** Counts from 0 again, and strikes once if told to. */
  watch(strike?: Strike): void;
  /** Names of the commands since then. */
  seen(): readonly string[];
  close(): void;
}

interface Command {
  readonly name: string;
  /** Of a session: the driver repeats a command in the session of the first try. */
  readonly session: string;
  readonly requestId: number;
}

const OP_MSG = 2013;
/** Length, request id, the id it responds to, operation; then four bytes of flags and one for the kind of section. */
const HEADER_BYTES = 16;
const BODY_OFFSET = HEADER_BYTES + 5;

/** `admin` goes to the server itself, and is what arms the failpoint. */
export async function mongodbInterceptor(mongodUri: string, admin: MongoClient): Promise<MongodbInterceptor> {
  const { hostname, port } = new URL(mongodUri);
  const sockets = new Set<Socket>();
  let commands: string[] = [];
  let strike: Strike | undefined;
  let struck: { readonly session: string; readonly name: string; tries: number } | undefined;
  /** A failpoint fails whichever command comes first, so while it is armed for one, the others wait. */
  let armed: { readonly requestId: number; readonly over: Promise<void>; disarm(): void } | undefined;

  /** Resolves when the command may go on, with what is to become of its answer. */
  const meet = async (command: Command): Promise<'answer' | 'lose answer'> => {
    while (armed !== undefined) await armed.over;
    const isRepeated =
      struck?.session === command.session && struck.name === command.name && struck.tries === 1;
    const isIt = !isRepeated && commands.length === strike?.at;
    if (!isRepeated) commands.push(command.name);
    if (strike === undefined || !(isIt || isRepeated)) return 'answer';
    struck = { session: command.session, name: command.name, tries: isRepeated ? 2 : 1 };
    const { trouble } = strike;
    if (trouble.type === 'answer-lost') return 'lose answer';
    if (isRepeated && trouble.type !== 'connection-closed') return 'answer';
    let disarm = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      disarm = () => {
        armed = undefined;
        resolve();
      };
    });
    armed = { requestId: command.requestId, over, disarm };
    await failCommand(admin, { failCommands: [command.name], ...faultOf(trouble) });
    return 'answer';
  };

  const server = createServer((near) => {
    const far = dial(Number(port), hostname);
    const lost = new Set<number>();
    const sent = new Set<number>();
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    eachMessage(near, async (message) => {
      const command = commandOf(message);
      if (command !== undefined) {
        if ((await meet(command)) === 'lose answer') lost.add(command.requestId);
        sent.add(command.requestId);
      }
      far.write(message);
    });
    eachMessage(far, async (message) => {
      if (armed?.requestId === message.readInt32LE(8)) armed.disarm();
      if (lost.has(message.readInt32LE(8))) near.destroy();
      else near.write(message);
    });
    far.on('close', () => {
      if (armed !== undefined && sent.has(armed.requestId)) armed.disarm();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: nearPort } = server.address() as AddressInfo;
  return {
    uri: `mongodb://127.0.0.1:${nearPort}/?directConnection=true&minHeartbeatFrequencyMS=10`,
    watch: (next) => {
      commands = [];
      strike = next;
      struck = undefined;
    },
    seen: () => commands,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function faultOf(trouble: Exclude<CommandTrouble, { type: 'answer-lost' }>) {
  switch (trouble.type) {
    case 'refused':
      return { errorCode: trouble.code };
    case 'connection-closed':
      return { closeConnection: true };
    case 'not-acknowledged':
      return { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } };
  }
}

/** Hands over whole messages, one after the other. */
function eachMessage(socket: Socket, take: (message: Buffer) => Promise<void>): void {
  let rest = Buffer.alloc(0);
  let taking = Promise.resolve();
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      taking = taking.then(() => take(message));
    }
  });
}

/** Undefined for what is no command to a database of the platform's, such as the driver's greeting. */
function commandOf(message: Buffer): Command | undefined {
  if (message.readInt32LE(12) !== OP_MSG) return undefined;
  const body = message.subarray(BODY_OFFSET, BODY_OFFSET + message.readInt32LE(BODY_OFFSET));
  const command = BSON.deserialize(body);
  const name = Object.keys(command)[0];
  if (command['$db'] === 'admin' || name === undefined) return undefined;
  return { name, session: BSON.EJSON.stringify(command['lsid'] ?? null), requestId: message.readInt32LE(4) };
}
