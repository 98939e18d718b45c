/**
 * A call by an SDK over our guarded fetch. The SDK makes the request and reads the answer; whether to wait, to follow, to try
 * again and what a failure means stays ours. SDKs retry, fold statuses and quote bodies in their errors, so they see no
 * answer but a 2xx: any other passes through them as the cause of their error, and is interpreted as in our own calls.
 */
import { UpstreamError } from '../errors.ts';
import { failedInSdk, type Place, parseAnswer } from './failures.ts';
import type { Answer, GuardedCall, GuardedFetch } from './guarded-fetch.ts';
import { interpret, type Reading } from './interpret.ts';

export interface SdkAnswer {
  readonly data: unknown;
  readonly headers: Headers;
}

/** A 4xx, on its way through an SDK. Its message goes into the SDK's error, and no further. */
class RefusedCall extends Error {
  override readonly name = 'RefusedCall';
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('refused');
    this.answer = answer;
  }
}

/** The `fetch` that an SDK is given for this call. What the SDK says of redirects and signals is not heeded. */
export function fetchForSdk(guardedFetch: GuardedFetch, call: GuardedCall): typeof globalThis.fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const answer = await guardedFetch(call, url, {
      ...(init?.headers === undefined ? {} : { headers: init.headers }),
      ...(init?.body == null ? {} : { body: init.body }),
    });
    if (!answer.ok) throw new RefusedCall(answer);
    return responseOf(answer);
  };
}

function responseOf({ status, headers, text }: Answer): Response {
  const typed = new Headers(headers);
  // It is JSON, whatever it calls itself; SDKs go by the name.
  if (text === '') typed.delete('content-type');
  else typed.set('content-type', 'application/json');
  return new Response(text === '' ? null : text, { status, headers: typed });
}

/** Runs a call of an SDK. Throws what the same call would throw without the SDK. */
export async function throughSdk<T>(
  place: Place,
  reading: Reading<T>,
  send: () => Promise<SdkAnswer>,
): Promise<T> {
  let answer: SdkAnswer;
  try {
    answer = await send();
  } catch (error) {
    const own = ownErrorIn(error);
    if (own instanceof RefusedCall) return interpret(place, reading, own.answer);
    throw own ?? failedInSdk(place, error);
  }
  const { data, headers } = answer;
  return parseAnswer(place, () => reading.parse(data, headers));
}

/** What our fetch threw, however often the SDK has wrapped it. */
function ownErrorIn(error: unknown): UpstreamError | RefusedCall | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof UpstreamError || at instanceof RefusedCall) return at;
  }
  return undefined;
}
