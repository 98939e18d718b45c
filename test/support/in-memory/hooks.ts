/**
 * What a test may do around every call of a fake: throw before the effect (it never happened), throw
 * after it (the answer was lost), or wait for ever (the process died).
 */
export interface PortCall {
  readonly port: string;
  readonly method: string;
  readonly writes: boolean;
  readonly args: readonly unknown[];
}

export interface Hooks {
  before?: ((call: PortCall) => void | Promise<void>) | undefined;
  after?: ((call: PortCall) => void | Promise<void>) | undefined;
}

export type CallKind = 'read' | 'write' | 'stream';

/**
 * The same port with the hooks around the methods that are named; everything else is passed through.
 * Without hooks it is the port itself, with nothing in between that would cost time.
 */
export function hooked<T extends object>(
  port: string,
  target: T,
  kinds: { readonly [Name in keyof T]?: CallKind },
  hooks: Hooks | undefined,
): T {
  if (hooks === undefined) return target;
  const kindByName = new Map<string | symbol, unknown>(Object.entries(kinds));
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name);
      const kind = kindByName.get(name);
      if (kind === undefined || typeof value !== 'function') return value;
      return (...args: readonly unknown[]) => {
        const call = { port, method: String(name), writes: kind === 'write', args };
        const invoke = (): unknown => Reflect.apply(value, object, args);
        return kind === 'stream' ? streamed(call, invoke, hooks) : answered(call, invoke, hooks);
      };
    },
  });
}

async function answered(call: PortCall, invoke: () => unknown, hooks: Hooks): Promise<unknown> {
  await hooks.before?.(call);
  const answer = await invoke();
  await hooks.after?.(call);
  return answer;
}

async function* streamed(call: PortCall, invoke: () => unknown, hooks: Hooks): AsyncIterable<unknown> {
  await hooks.before?.(call);
  const stream = invoke();
  if (!isStream(stream)) throw new Error(`${call.port}.${call.method} is no stream`);
  yield* stream;
  await hooks.after?.(call);
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
