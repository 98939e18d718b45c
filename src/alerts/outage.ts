/**
 * The one cause that cannot be kept where the others are: the database itself does not answer. It is known to
 * this process alone, told from memory, and told again at each look to whoever has not taken it. With several
 * processes each tells of it.
 */
import { UpstreamError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../ports.ts';
import type { Cause, Notice, NoticeType } from './cause.ts';
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
  const isOurs = !(error instanceof UpstreamError);
  const answer = isOurs ? 'a fault of ours' : `${error.code}: ${error.message}`;
  return {
    ...{ id: 'unreachable:mongodb', kind: 'unreachable', tenant: undefined },
    what: `MongoDB does not answer as it should (${answer}). Until it does nobody is converged, and what is delivered is sent back to Auth0.`,
    ...{ users: undefined, orMore: false, example: undefined, since, isSettled: false },
    command: 'concord status',
  };
}
