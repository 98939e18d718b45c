/**
 * From the stored alerts and the causes seen now to the notices and the new alerts. Pure.
 *
 *   ── seen ──▶ pending ── lasts, or concerns several ──▶ open ── not seen for a while ──▶ closed ──▶ gone
 *                  └── not seen any more ──▶ gone           └── seen again in between: as if nothing was
 *
 * One blip neither opens nor closes an alert. What could not be checked stays as it is.
 */
import type { Alert, Cause, CheckResult, Notice, NoticeType } from '../ports/alerts.ts';

/** Durations in milliseconds. The defaults stand in config/default.yaml. */
export interface AlertSettings {
  /** How long a cause that may be a blip must last. */
  readonly openAfterMs: number;
  /** So many users at once are no blip. */
  readonly openAtUsers: number;
  /** How long a cause must not be seen. */
  readonly closeAfterMs: number;
  readonly remindAfterMs: number;
}

export interface Step {
  /** Those that changed. */
  readonly changed: readonly Alert[];
  /** Those that are over before any notice, by the id of their cause. */
  readonly gone: readonly string[];
  readonly notices: readonly Notice[];
}

/** When the number of users has grown by this factor, a new notice is sent at once. */
const GROWTH = 2;
/** Fewer additional users are no news. */
const LEAST_GROWTH = 10;
/** Least time between two notices about growth. */
const GROWTH_PAUSE_MS = 300_000;

export function step(
  alerts: readonly Alert[],
  { causes, blind }: CheckResult,
  now: Date,
  settings: AlertSettings,
): Step {
  const changed: Alert[] = [];
  const gone: string[] = [];
  const notices: Notice[] = [];
  const known = new Map(alerts.map((alert) => [alert.cause.id, alert]));
  const seen = new Set(causes.map(({ id }) => id));
  const keep = (before: Alert | undefined, after: Alert, tell: NoticeType | undefined) => {
    const told = tell === undefined ? after : tellOf(after, now);
    if (tell !== undefined) notices.push(noticeOf(told, tell, now));
    if (before === undefined || tell !== undefined || !isSame(before, told)) changed.push(told);
  };
  for (const cause of causes) {
    const before = known.get(cause.id);
    const alert = before === undefined || before.phase === 'closed' ? begun(cause, now) : before;
    const here = { ...alert, cause, clearSince: undefined };
    if (here.phase === 'open') keep(before, here, isNews(here, now, settings) ? 'reminded' : undefined);
    else if (opens(here, now, settings)) keep(before, { ...here, phase: 'open' }, 'opened');
    else keep(before, here, undefined);
  }
  for (const alert of alerts) {
    const { cause, phase } = alert;
    if (phase === 'closed' || seen.has(cause.id) || blind.some((name) => covers(name, cause.id))) continue;
    if (phase === 'pending') {
      gone.push(cause.id);
      continue;
    }
    const clear = { ...alert, clearSince: alert.clearSince ?? now };
    const isOver = now.getTime() - clear.clearSince.getTime() >= settings.closeAfterMs;
    keep(alert, isOver ? { ...clear, phase: 'closed' } : clear, isOver ? 'closed' : undefined);
  }
  return { changed, gone, notices };
}

/** A name, or the beginning of one up to a colon. */
function covers(name: string, id: string): boolean {
  return id === name || id.startsWith(`${name}:`);
}

function begun(cause: Cause, now: Date): Alert {
  const opening = `${cause.id}@${now.toISOString()}`;
  const untold = { clearSince: undefined, toldAt: undefined, toldUsers: 0, tellings: 0 };
  return { cause, opening, phase: 'pending', firstSeenAt: now, ...untold };
}

function opens({ cause, firstSeenAt }: Alert, now: Date, settings: AlertSettings): boolean {
  if (cause.isSettled || (cause.users ?? 0) >= settings.openAtUsers) return true;
  return now.getTime() - firstSeenAt.getTime() >= settings.openAfterMs;
}

function isNews({ cause, toldAt, toldUsers }: Alert, now: Date, { remindAfterMs }: AlertSettings): boolean {
  const agoMs = now.getTime() - (toldAt ?? now).getTime();
  if (agoMs >= remindAfterMs) return true;
  const users = cause.users ?? 0;
  const hasGrown = users >= Math.max(toldUsers * GROWTH, toldUsers + LEAST_GROWTH);
  return hasGrown && agoMs >= GROWTH_PAUSE_MS;
}

function tellOf(alert: Alert, now: Date): Alert {
  return { ...alert, toldAt: now, toldUsers: alert.cause.users ?? 0, tellings: alert.tellings + 1 };
}

function noticeOf({ opening, tellings, firstSeenAt, cause }: Alert, type: NoticeType, at: Date): Notice {
  return { id: `${opening}#${tellings}`, type, at, opening, firstSeenAt, cause };
}

/** Whether there is nothing to be written. */
function isSame(a: Alert, b: Alert): boolean {
  return (
    a.phase === b.phase &&
    a.opening === b.opening &&
    a.clearSince?.getTime() === b.clearSince?.getTime() &&
    a.cause.what === b.cause.what &&
    a.cause.users === b.cause.users &&
    a.cause.orMore === b.cause.orMore &&
    a.cause.example === b.cause.example &&
    a.cause.command === b.cause.command
  );
}
