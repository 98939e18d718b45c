/** The spans of a pass, as an SDK would be given them: their names, what is in what, and how they end. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type ContextManager,
  context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  type SpanStatus,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { UpstreamError } from '../src/errors.ts';
import { traced } from '../src/tracing.ts';
import { alice } from './mongo/subjects/people.ts';
import { createWorld, pass, signUp } from './support/in-memory/world.ts';

interface Seen {
  readonly name: string;
  readonly in: string | undefined;
  attributes: Attributes;
  status: SpanStatus;
  ended: boolean;
}

let spans: Seen[] = [];
const seenOf = new WeakMap<Span, Seen>();

/** What an SDK does, with nothing of what it exports. */
const tracer: Tracer = {
  startSpan(name, options = {}, within = context.active()) {
    const parent = trace.getSpan(within);
    const seen: Seen = {
      name,
      in: parent === undefined ? undefined : seenOf.get(parent)?.name,
      attributes: { ...options.attributes },
      status: { code: SpanStatusCode.UNSET },
      ended: false,
    };
    spans.push(seen);
    const span: Span = {
      spanContext: () => INVALID_SPAN_CONTEXT,
      isRecording: () => true,
      setAttribute: (key, value) => span.setAttributes({ [key]: value }),
      setAttributes: (attributes) => {
        Object.assign(seen.attributes, attributes);
        return span;
      },
      setStatus: (status) => {
        seen.status = status;
        return span;
      },
      addEvent: () => span,
      addLink: () => span,
      addLinks: () => span,
      updateName: () => span,
      recordException: () => undefined,
      end: () => {
        seen.ended = true;
      },
    };
    seenOf.set(span, seen);
    return span;
  },
  startActiveSpan: (name: string, ...rest: readonly unknown[]) => {
    const work = rest.at(-1) as (span: Span) => unknown;
    const options = rest.length > 1 ? (rest[0] as { readonly attributes?: Attributes }) : {};
    const span = tracer.startSpan(name, options);
    return context.with(trace.setSpan(context.active(), span), () => work(span)) as never;
  },
};

const active = new AsyncLocalStorage<Context>();
const contexts: ContextManager = {
  active: () => active.getStore() ?? ROOT_CONTEXT,
  with: (within, work, self, ...args) => active.run(within, () => work.apply(self, args)),
  bind: (_within, target) => target,
  enable: () => contexts,
  disable: () => contexts,
};

beforeAll(() => {
  context.setGlobalContextManager(contexts);
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
});
afterAll(() => {
  trace.disable();
  context.disable();
});
beforeEach(() => {
  spans = [];
});

test('a pass is a span, and what it learns, looks at and applies are spans in it', async () => {
  const world = createWorld();
  await signUp(world, alice);
  await pass(world);

  const [whole, ...parts] = spans;
  expect(whole).toMatchObject({ name: 'concord.pass', in: undefined });
  expect(whole?.attributes).toEqual({
    'concord.user': alice.user,
    'concord.tenant': alice.tenant,
    'concord.end': 'converged',
    'concord.actions': 3,
  });
  expect(parts.map(({ name, in: within }) => [name, within])).toEqual([
    ['concord.learn', 'concord.pass'],
    ['concord.observe', 'concord.pass'],
    ['concord.apply', 'concord.pass'],
    ['concord.apply', 'concord.pass'],
    ['concord.observe', 'concord.pass'],
    ['concord.apply', 'concord.pass'],
    ['concord.observe', 'concord.pass'],
  ]);
  expect(parts.flatMap(({ attributes }) => attributes['concord.action'] ?? [])).toEqual([
    'record-verification',
    'create-user-document',
    'create-account',
  ]);
  expect(spans.every(({ ended, status }) => ended && status.code === SpanStatusCode.UNSET)).toBe(true);
});

test('a step that fails is an error by its code, and so is its pass', async () => {
  const world = createWorld();
  await signUp(world, alice);
  world.hooks.before = ({ method }) => {
    if (method !== 'createAccount') return;
    throw new UpstreamError('alice@example.com was refused', {
      ...{ upstream: 'pds', code: 'SERVER_ERROR', retryable: true },
    });
  };
  await pass(world);

  const error = { code: SpanStatusCode.ERROR, message: 'SERVER_ERROR' };
  const failed = spans.filter(({ status }) => status.code === SpanStatusCode.ERROR);
  expect(failed).toMatchObject([
    { name: 'concord.pass', status: error, attributes: { 'concord.end': 'failed' } },
    { name: 'concord.apply', status: error, attributes: { 'concord.action': 'create-account' } },
  ]);
  expect(spans.every(({ ended }) => ended)).toBe(true);
});

test('no attribute and no status has an address or a handle', async () => {
  const world = createWorld();
  world.documents.handles.set(alice.user, 'alice-the-first');
  await signUp(world, alice);
  await pass(world);
  expect(spans).not.toEqual([]);
  expect(JSON.stringify(spans)).not.toMatch(/example\.com|alice-the-first|did:plc/);
});

test('what is thrown ends the span as an error and is thrown on', async () => {
  const work = traced('concord.ingest', {}, async () => {
    throw new Error('alice@example.com');
  });
  await expect(work).rejects.toThrow('alice@example.com');
  expect(spans).toMatchObject([{ status: { code: SpanStatusCode.ERROR, message: 'BUG' }, ended: true }]);
});
