/**
 * Spans, by the API of OpenTelemetry alone: without an SDK loaded beside Concord (`node --import`),
 * nothing is recorded, and no promise is waited for that was not there before.
 *
 * Attributes hold keys, codes and counts, and never an address, a handle or the message of an error: an error's text
 * is for the logger, which filters personal data.
 */
import { type Span as ApiSpan, type Attributes, SpanStatusCode, trace } from '@opentelemetry/api';

export interface Span {
  /** Adds what is known only in the end. */
  annotate(attributes: Attributes): void;
  /** Something failed that is not thrown; the code says what. Undefined says that nothing did. */
  fail(code: string | undefined): void;
}

const tracer = trace.getTracer('concord');

const UNRECORDED: Span = { annotate: () => undefined, fail: () => undefined };

/** Runs `work` in a span of its own, below the one that is active. What it throws is noted and thrown on. */
export function traced<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, (span) =>
    span.isRecording() ? recorded(span, work) : work(UNRECORDED),
  );
}

async function recorded<T>(span: ApiSpan, work: (span: Span) => Promise<T>): Promise<T> {
  const fail = (code: string | undefined): void => {
    if (code !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  };
  try {
    return await work({ annotate: (attributes) => void span.setAttributes(attributes), fail });
  } catch (error) {
    fail(codeOf(error));
    throw error;
  } finally {
    span.end();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'BUG';
}
