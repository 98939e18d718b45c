/**
 * The alert that cannot be stored with the others: the check itself fails, because the database does not answer or by
 * a bug. Only this process knows it, sends it from memory, and sends it again at each check to receivers that have
 * not taken it, until they have refused it a few times. With several processes each one sends it.
 */
import { UpstreamError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Cause, Notice, NoticeType } from '../ports/alerts.ts';
import type { Clock } from '../ports/clock.ts';
import { isRefusal, MOST_REFUSALS } from './delivery.ts';
import { noticeText } from './notice.ts';
import type { Receiver } from './receiver.ts';

export interface OutageDeps {
  readonly receivers: readonly Receiver[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: { readonly openAfterMs: number };
}

export interface Outage {
  /** A check failed. */
  failed(error: unknown): void;
  /** A check succeeded. */
  passed(): void;
  /** Resolves when no notification is being sent. */
  told(): Promise<void>;
}

export function createOutage({ receivers, clock, logger, settings }: OutageDeps): Outage {
  let since: Date | undefined;
  let open:
    | { readonly notice: Notice; readonly taken: Set<string>; readonly refusals: Map<string, number> }
    | undefined;
  let telling: Promise<unknown> = Promise.resolve();

  const notice = (type: NoticeType, cause: Cause): Notice => {
    const opening = `${cause.id}@${cause.since.toISOString()}`;
    const number = type === 'opened' ? 1 : 2;
    return { id: `${opening}#${number}`, type, at: clock.now(), opening, firstSeenAt: cause.since, cause };
  };

  const tell = (
    told: Notice,
    receiving: readonly Receiver[],
    taken: Set<string>,
    refusals = new Map<string, number>(),
  ) => {
    const sending = receiving.map(async ({ name, send }) => {
      const receipt = await send(told);
      if (receipt.type === 'taken') {
        taken.add(name);
        return;
      }
      const { why } = receipt;
      const refused = (refusals.get(name) ?? 0) + (isRefusal(receipt, false) ? 1 : 0);
      refusals.set(name, refused);
      if (refused < MOST_REFUSALS) logger.warn({ receiver: name, why }, 'a receiver did not take an alert');
      else
        logger.error(
          { receiver: name, notice: told.id, tries: refused, why: `it refused it (${why})` },
          'an alert was not delivered to a receiver',
        );
    });
    telling = Promise.all([telling, ...sending]);
  };

  return {
    failed(error) {
      const now = clock.now();
      since ??= now;
      if (now.getTime() - since.getTime() < settings.openAfterMs) return;
      if (open === undefined) {
        open = { notice: notice('opened', causeOf(error, since)), taken: new Set(), refusals: new Map() };
        const { cause, id } = open.notice;
        logger.error({ notice: id, cause: cause.id, what: noticeText(open.notice) }, 'an alert is open');
      }
      const { taken, refusals } = open;
      const isWaiting = (name: string) => !taken.has(name) && (refusals.get(name) ?? 0) < MOST_REFUSALS;
      tell(
        open.notice,
        receivers.filter(({ name }) => isWaiting(name)),
        taken,
        refusals,
      );
    },
    passed() {
      since = undefined;
      if (open === undefined) return;
      const { taken } = open;
      const over = notice('closed', open.notice.cause);
      logger.info({ notice: over.id, cause: over.cause.id, what: noticeText(over) }, 'an alert is closed');
      tell(
        over,
        receivers.filter(({ name }) => taken.has(name)),
        new Set(),
      );
      open = undefined;
    },
    told: async () => void (await telling),
  };
}

function causeOf(error: unknown, since: Date): Cause {
  const common = { tenant: undefined, users: undefined, orMore: false, example: undefined, since };
  if (error instanceof UpstreamError)
    return {
      ...{ ...common, id: 'unreachable:mongodb', kind: 'unreachable' },
      what: `MongoDB answers with an error (${error.code}: ${error.message}). Until it recovers, no user is reconciled, and deliveries from Auth0 are refused.`,
      ...{ command: 'concord status', isSettled: false },
    };
  // MongoDB may be healthy, so it is not named; and the text of an unexpected error may have personal data.
  return {
    ...{ ...common, id: 'unreachable:alerting', kind: 'unreachable' },
    what: 'The check for alerts fails by a bug in Concord. Until it is fixed, no other alerts are sent.',
    ...{ command: "Search the log for 'the check for alerts failed'", isSettled: false },
  };
}
