/** The places where a fault can strike: every call through a port, by name. */
import { CALLS, type Ports } from '../../support/in-memory/calls.ts';
import type { CallKind } from '../../support/in-memory/hooks.ts';

export type { Ports };
export type PortName = keyof Ports;

/** One method of one port. Compared by identity, so that counting calls costs nothing. */
export interface Point {
  readonly port: PortName;
  readonly method: string;
  readonly kind: CallKind;
  /** `accounts.createAccount` */
  readonly name: string;
}

function pointsOf(port: PortName): Point[] {
  return Object.entries<CallKind>(CALLS[port]).map(([method, kind]) => ({
    port,
    method,
    kind,
    name: `${port}.${method}`,
  }));
}

/** Whoever stands between a process and its ports. */
export interface Between {
  call(point: Point, invoke: () => Promise<unknown>, args: readonly unknown[]): Promise<unknown>;
  stream(point: Point, invoke: () => AsyncIterable<unknown>): AsyncIterable<unknown>;
}

type Method = (...args: readonly unknown[]) => never;

/** A port of one process. Its methods are on a prototype, since a process lives for one pass and there are millions. */
interface Wrapped {
  readonly target: object;
  readonly between: Between;
}

function prototypeOf(points: readonly Point[]): object {
  const methods: Record<string, unknown> = {};
  for (const point of points) {
    const invoke = ({ target }: Wrapped, args: readonly unknown[]): never =>
      (Reflect.get(target, point.method) as Method)(...args);
    methods[point.method] =
      point.kind === 'stream'
        ? function stream(this: Wrapped, ...args: readonly unknown[]) {
            return this.between.stream(point, () => invoke(this, args));
          }
        : function call(this: Wrapped, ...args: readonly unknown[]) {
            return this.between.call(point, () => invoke(this, args), args);
          };
  }
  return methods;
}

const PROTOTYPES: readonly (readonly [PortName, object])[] = Object.keys(CALLS).map((name) => {
  const port = name as PortName;
  return [port, prototypeOf(pointsOf(port))];
});

/** The same ports, with each call led through `between`. */
export function around(ports: Ports, between: Between): Ports {
  const made: Record<string, unknown> = {};
  for (const [port, methods] of PROTOTYPES) {
    const wrapped = Object.create(methods) as { target: object; between: Between };
    wrapped.target = ports[port];
    wrapped.between = between;
    made[port] = wrapped;
  }
  return made as unknown as Ports;
}
