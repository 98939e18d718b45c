/**
 * Repeats the incident on purpose, unattended: an index that is not Concord's rejects every new document. Measures the
 * time until an alert names it, and until all users are in sync after it is dropped.
 */

import type { wireOverview } from '../wiring/read-side.ts';
import { systemClock } from '../wiring/system.ts';
import type { LiveStep, ReconciliationWatch } from './story.ts';
import type { World } from './world.ts';

export interface Drill {
  /** Milliseconds from the first sign-up that was refused. */
  readonly detectedMs: number;
  readonly alert: { readonly cause: string; readonly what: string; readonly command: string };
  /** Milliseconds from the fix. */
  readonly healedMs: number;
}

const CAUSE = 'index-unfit:foreign:users.email_1';
/** An alert is looked for every ten seconds; this is for a machine many times slower. */
const DETECTED_WITHIN_MS = 300_000;

export async function drill(
  world: World,
  alerts: ReturnType<typeof wireOverview>['overview']['alerts'],
  watch: ReconciliationWatch,
  retryFailed: () => Promise<number>,
  onStep: (step: LiveStep) => void,
): Promise<Drill> {
  const mend = await world.refuseNewDocuments();
  /** Resolves when the user who signs up now is in sync. */
  const signUp = async (name: string, quietMs?: number): Promise<void> => {
    let userId = '';
    const passed = watch.next(
      `the document of ${name}`,
      (lease, { end }) => lease.userId === userId && end === 'converged',
      quietMs,
    );
    userId = (await world.auth0.signUp({ email: `${name}@example.com` })).user_id;
    await passed;
  };
  // The index accepts one document without an address, and no other.
  await signUp('elsa');
  const startedAt = performance.now();
  const healing = signUp('finn', DETECTED_WITHIN_MS);
  // Awaited at the end. If the wait for the alert fails first, that error is reported.
  healing.catch(() => undefined);
  const { cause } = await opened(alerts, startedAt);
  const detectedMs = Math.round(performance.now() - startedAt);
  onStep({
    what: 'An alert opens',
    result: `${cause.what} Fix: ${cause.command}`,
    ms: detectedMs,
  });
  const mendedAt = performance.now();
  await mend();
  await retryFailed();
  await healing;
  const healedMs = Math.round(performance.now() - mendedAt);
  onStep({ what: 'The fix of the alert is applied', result: 'the rejected users are in sync', ms: healedMs });
  const { what, command } = cause;
  return { detectedMs, alert: { cause: CAUSE, what, command }, healedMs };
}

async function opened(alerts: Parameters<typeof drill>[1], startedAt: number) {
  for (;;) {
    const found = (await alerts.all()).find(({ cause, phase }) => cause.id === CAUSE && phase === 'open');
    if (found !== undefined) return found;
    if (performance.now() - startedAt > DETECTED_WITHIN_MS)
      throw new Error(`no alert opened within ${DETECTED_WITHIN_MS / 1_000} s`);
    await systemClock.delay(100);
  }
}
