/**
 * Calls that come while others are under way are carried out together. A write to a majority and the
 * journal waits for both, and costs a command; many concurrent writes wait and cost only once.
 */
import { UpstreamError } from '../../errors.ts';

export interface Gathering<Call, Result> {
  /** Carried out side by side; more wait, and are gathered meanwhile. A call that comes alone waits for nothing. */
  readonly atOnce: number;
  /** How much is carried out together, in the measure of `size`. A larger call is carried out alone. */
  readonly most: number;
  readonly size: (call: Call) => number;
  /** One result a call, in their order. Has to be repeatable. */
  readonly carryOut: (calls: readonly Call[]) => Promise<readonly Result[]>;
}

interface Waiting<Call, Result> {
  readonly call: Call;
  readonly settle: (result: Promise<Result>) => void;
}

export function gather<Call, Result>(gathering: Gathering<Call, Result>): (call: Call) => Promise<Result> {
  const waiting: Waiting<Call, Result>[] = [];
  let running = 0;
  const run = (): void => {
    while (running < gathering.atOnce && waiting.length > 0) {
      running += 1;
      void together(gathering, take(waiting, gathering)).finally(() => {
        running -= 1;
        run();
      });
    }
  };
  return (call) =>
    new Promise((resolve) => {
      waiting.push({ call, settle: resolve });
      run();
    });
}

function take<Call, Result>(
  waiting: Waiting<Call, Result>[],
  { size, most }: Gathering<Call, Result>,
): Waiting<Call, Result>[] {
  let taken = 0;
  let sum = 0;
  for (const { call } of waiting) {
    sum += size(call);
    if (taken > 0 && sum > most) break;
    taken += 1;
  }
  return waiting.splice(0, taken);
}

/** Never rejects: the outcome of each call goes to its caller. */
async function together<Call, Result>(
  { carryOut }: Gathering<Call, Result>,
  group: readonly Waiting<Call, Result>[],
): Promise<void> {
  try {
    const results = await carryOut(group.map(({ call }) => call));
    for (const [at, { settle }] of group.entries()) settle(resultAt(results, at));
  } catch (error) {
    // What the server will never take is one call's fault, and the others must not fail for it.
    const isOnesFault = group.length > 1 && !(error instanceof UpstreamError && error.retryable);
    if (!isOnesFault) for (const { settle } of group) settle(Promise.reject(error));
    else for (const { call, settle } of group) await settleAlone(carryOut, call, settle);
  }
}

async function settleAlone<Call, Result>(
  carryOut: Gathering<Call, Result>['carryOut'],
  call: Call,
  settle: Waiting<Call, Result>['settle'],
): Promise<void> {
  const result = carryOut([call]).then((results) => resultAt(results, 0));
  settle(result);
  await result.catch(() => undefined);
}

async function resultAt<Result>(results: readonly Result[], at: number): Promise<Result> {
  const result = results[at];
  if (result === undefined) throw new Error('calls were carried out together, and one was not answered');
  return result;
}
