/**
 * The calls by which Concord changes anything outside of itself, with something around each of them: the
 * places where a process can die, or a call can fail, and leave the world half changed.
 */
import type { ReconcileDeps } from '../../../src/engine/reconcile/reconcile.ts';

export interface PortCall {
  readonly port: string;
  readonly method: string;
}

export type Around = (call: PortCall, invoke: () => Promise<unknown>) => Promise<unknown>;

/** What only looks. Everything else counts as an effect, so that a method nobody thought of here is one too. */
const READS: ReadonlySet<string> = new Set([
  'ofUser',
  'nextDueAt',
  'read',
  'indexes',
  'codesInYear',
  'findUsers',
  'namesAmong',
  'account',
  'accounts',
  'holderOf',
  'allowsHandle',
  'handleDomains',
]);
/** An async iterable, which is no promise to put anything around. */
const STREAMS: ReadonlySet<string> = new Set(['repositories']);

export function aroundEffects(deps: ReconcileDeps, run: Around): ReconcileDeps {
  const isEffect = (method: string): boolean => !READS.has(method) && !STREAMS.has(method);
  return {
    ...deps,
    log: wrapped('log', deps.log, isEffect, run),
    queue: wrapped('queue', deps.queue, isEffect, run),
    documents: wrapped('documents', deps.documents, isEffect, run),
    accounts: wrapped('accounts', deps.accounts, isEffect, run),
  };
}

/** Every call to the PDS, those that only look included. */
export function aroundPds(deps: ReconcileDeps, run: Around): ReconcileDeps {
  const all = (method: string): boolean => !STREAMS.has(method);
  return { ...deps, accounts: wrapped('accounts', deps.accounts, all, run) };
}

export function changes({ method }: PortCall): boolean {
  return !READS.has(method);
}

function wrapped<T extends object>(
  port: string,
  target: T,
  isWrapped: (method: string) => boolean,
  run: Around,
): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name);
      const method = String(name);
      if (typeof value !== 'function' || !isWrapped(method)) return value;
      return (...args: readonly unknown[]): Promise<unknown> =>
        run({ port, method }, (): Promise<unknown> => Reflect.apply(value, object, args));
    },
  });
}
