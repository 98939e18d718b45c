/**
 * What cannot be kept where the other causes are: that nobody can look, because the database does not answer or by
 * a fault of ours. It is known to this process alone, told from memory, and told again at each look to whoever has
 * not taken it. With several processes each tells of it.
 */
import { UpstreamError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Cause, Notice, NoticeType } from '../ports/alerts.ts';
import type { Clock } from '../ports/clock.ts';
import { noticeText } from './notice.ts';
import type { Receiver } from './receiver.ts';

export interface OutageDeps {
  readonly receivers: readonly Receiver[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: { readonly openAfterMs: number };
}

export interface Outage {
  /** A look could not be made. */
  failed(error: unknown): void;
  /** One was. */
  passed(): void;
  /** Resolves when nobody is being told. */
  told(): Promise<void>;
}

export function createOutage({ receivers, clock, logger, settings }: OutageDeps): Outage {
  let since: Date | undefined;
  let open: { readonly notice: Notice; readonly taken: Set<string> } | undefined;
  let telling: Promise<unknown> = Promise.resolve();

  const notice = (type: NoticeType, cause: Cause): Notice => {
    const opening = `${cause.id}@${cause.since.toISOString()}`;
    const number = type === 'opened' ? 1 : 2;
    return { id: `${opening}#${number}`, type, at: clock.now(), opening, firstSeenAt: cause.since, cause };
  };

  const tell = (told: Notice, whom: readonly Receiver[], taken: Set<string>) => {
    const sending = whom.map(async (receiver) => {
      const receipt = await receiver.send(told);
      if (receipt.type === 'taken') taken.add(receiver.name);
      else logger.warn({ receiver: receiver.name, why: receipt.why }, 'a receiver did not take an alert');
    });
    telling = Promise.all([telling, ...sending]);
  };

  return {
    failed(error) {
      const now = clock.now();
      since ??= now;
      if (now.getTime() - since.getTime() < settings.openAfterMs) return;
      if (open === undefined) {
        open = { notice: notice('opened', causeOf(error, since)), taken: new Set() };
        const { cause, id } = open.notice;
        logger.error({ notice: id, cause: cause.id, what: noticeText(open.notice) }, 'an alert is open');
      }
      const { taken } = open;
      tell(
        open.notice,
        receivers.filter(({ name }) => !taken.has(name)),
        taken,
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
      what: `MongoDB does not answer as it should (${error.code}: ${error.message}). Until it does nobody is converged, and what is delivered is sent back to Auth0.`,
      ...{ command: 'concord status', isSettled: false },
    };
  // Nothing is said of MongoDB, which may be well; and an error of nobody's may say anything.
  return {
    ...{ ...common, id: 'unreachable:alerting', kind: 'unreachable' },
    what: 'Concord cannot look at what is wrong, by a fault of its own: until that is mended nobody is told of anything else.',
    ...{ command: "Look for 'what is wrong could not be looked at' in the log", isSettled: false },
  };
}
