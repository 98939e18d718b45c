/**
 * The shape of every check of `doctor`, and how they run: in parallel, each within its time, and none before the checks
 * that it needs. A check whose needs failed is skipped, and is no finding of its own. A check without an answer is a
 * finding, since its subject may be wrong.
 */
import { describeError } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';

export interface Finding {
  /** An error keeps users out of sync, now or later. A warning costs time, or weakens a guarantee. */
  readonly level: 'error' | 'warning';
  /** Stable, in capitals, for programs. */
  readonly code: string;
  readonly what: string;
  /** Why it matters. */
  readonly why: string;
  /** The command or the page that fixes it. */
  readonly mend: string;
}

export interface Seen {
  /** In a few words, what was found. Names no secret. */
  readonly summary: string;
  readonly findings: readonly Finding[];
  /** Nothing that needs this can be checked. */
  readonly isShut?: boolean;
}

export interface Check {
  readonly name: string;
  /** Undefined for a check about all tenants. */
  readonly tenant?: TenantId | undefined;
  /** The ids of the checks that this one needs. */
  readonly needs: readonly string[];
  run(): Promise<Seen>;
}

export type Examined = { readonly check: string; readonly tenant: TenantId | null } & (
  | { readonly status: 'well' | 'found'; readonly summary: string; readonly findings: readonly Finding[] }
  | { readonly status: 'not-looked-at'; readonly because: string }
);

/** The id of a tenant's check has the tenant in it. */
export function idOf({ name, tenant }: Pick<Check, 'name' | 'tenant'>): string {
  return tenant === undefined ? name : `${name} of ${tenant}`;
}

/** In the given order. Calls `onEnd` for each as it ends. */
export async function runChecks(
  checks: readonly Check[],
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  onEnd: (examined: Examined) => void = () => {},
): Promise<readonly Examined[]> {
  const known = new Map(checks.map((check) => [idOf(check), check]));
  const running = new Map<string, Promise<Ended>>();
  const run = (check: Check): Promise<Ended> => {
    const id = idOf(check);
    const begun = running.get(id) ?? runOne(check);
    running.set(id, begun);
    return begun;
  };
  const runOne = async (check: Check): Promise<Ended> => {
    const who = { check: check.name, tenant: check.tenant ?? null };
    const grounds = check.needs.map((id) => known.get(id) ?? missing(check, id));
    const ended = await Promise.all(grounds.map(run));
    const shut = grounds.find((_, at) => ended[at]?.isShut === true);
    const result: Ended =
      shut === undefined
        ? await lookWithin(check, who, clock, timeoutMs)
        : { isShut: true, examined: { ...who, status: 'not-looked-at', because: idOf(shut) } };
    onEnd(result.examined);
    return result;
  };
  return (await Promise.all(checks.map(run))).map(({ examined }) => examined);
}

interface Ended {
  readonly examined: Examined;
  readonly isShut: boolean;
}

async function lookWithin(
  check: Check,
  who: Pick<Examined, 'check' | 'tenant'>,
  clock: Clock,
  timeoutMs: number,
): Promise<Ended> {
  const over = new AbortController();
  const late = clock.delay(timeoutMs, over.signal).then(() => unseen(check, `no answer in ${timeoutMs} ms.`));
  const looked = check.run().catch((error: unknown) => unseen(check, said(error)));
  const { summary, findings, isShut = false } = await Promise.race([looked, late]);
  over.abort();
  const status = findings.length === 0 ? 'well' : 'found';
  return { isShut, examined: { ...who, status, summary, findings } };
}

/** What went wrong, as one sentence. */
export function said(error: unknown): string {
  return `${describeError(error).replaceAll('.: ', ': ').replace(/\.$/, '')}.`;
}

function unseen(check: Check, reason: string): Seen {
  return {
    summary: 'could not be checked',
    isShut: true,
    findings: [
      {
        level: 'error',
        code: 'NOT_SEEN',
        what: `The ${idOf(check)} could not be checked: ${reason}`,
        why: 'It may be wrong.',
        mend: 'Fix what the message names, then run: concord doctor',
      },
    ],
  };
}

function missing(check: Check, id: string): never {
  throw new Error(`the check ${idOf(check)} needs ${id}, which is not among them`);
}

export function well(summary: string): Seen {
  return { summary, findings: [] };
}

export function found(summary: string, ...findings: readonly Finding[]): Seen {
  return { summary, findings };
}
