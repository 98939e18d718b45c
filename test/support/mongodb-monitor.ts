/**
 * What Concord's own clients send to MongoDB, each kind of command once in a file that all processes of a run share. The end
 * of the run holds it against the list of what is used, see global-setup.ts.
 */
import { appendFileSync } from 'node:fs';
import type * as Driver from 'mongodb';

/** Such as `find`, `find.filter`, `$match` for a stage or an operator, and `index.unique`. */
export function namesIn(commandName: string, command: Driver.Document): readonly string[] {
  const options = Object.keys(command).filter((name) => name !== commandName);
  const indexes: unknown = commandName === 'createIndexes' ? command['indexes'] : [];
  return [
    commandName,
    ...options.map((name) => `${commandName}.${name}`),
    ...(Array.isArray(indexes) ? indexes.flatMap((index) => Object.keys(index)) : []).map(
      (name) => `index.${name}`,
    ),
    ...operatorsIn(command),
  ];
}

/** Stages are named as operators are. Fields of the protocol begin with a $ too, at the top. */
function operatorsIn(command: Driver.Document): string[] {
  return Object.entries(command)
    .filter(([name]) => !name.startsWith('$') && name !== 'lsid')
    .flatMap(([, value]) => operatorsBelow(value));
}

function operatorsBelow(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(operatorsBelow);
  if (typeof value !== 'object' || value === null || !isPlain(value)) return [];
  return Object.entries(value).flatMap(([name, below]) => [
    ...(name.startsWith('$') ? [name] : []),
    ...operatorsBelow(below),
  ]);
}

/** No id, date or binary value. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** As the wiring names them. Tests of the connection itself have others. */
const CLIENTS: ReadonlySet<string> = new Set(['concord', 'concord doctor']);

const monitored = Symbol.for('concord.monitored');

/** For all clients of this process that connect from now on. May be repeated. */
export function monitorCommands({ MongoClient }: typeof Driver, file: string): void {
  const prototype = MongoClient.prototype as Driver.MongoClient & { [monitored]?: true };
  if (prototype[monitored] === true) return;
  prototype[monitored] = true;
  const known = new Set<string>();
  const clients = new WeakSet<Driver.MongoClient>();
  const { connect } = prototype;
  prototype.connect = function connectMonitored(this: Driver.MongoClient) {
    if (CLIENTS.has(this.options.appName ?? '') && !clients.has(this)) {
      clients.add(this);
      // The types leave it out. The driver reads it when it connects.
      Reflect.set(this, 'monitorCommands', true);
      this.on('commandStarted', ({ commandName, command }) => {
        const names = namesIn(commandName, command).filter((name) => !known.has(name));
        for (const name of names) known.add(name);
        // With a newline at the end, so that processes that append at once mix no lines.
        if (names.length > 0) appendFileSync(file, names.map((name) => `${name}\n`).join(''));
      });
    }
    return connect.call(this);
  };
}
