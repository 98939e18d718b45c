/**
 * Sends notices to the receivers, each at its own pace: an unreachable or slow receiver does not delay the others.
 * The database keeps what a receiver has not taken, and it is sent again in order. Delivery is at least once; the id of
 * a notice identifies duplicates.
 */
import type { Logger } from '../logger.ts';
import type { AlertStore, Delivery } from '../ports/alerts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Receiver } from './receiver.ts';

export interface DeliveryDeps {
  readonly store: Pick<AlertStore, 'deliveries' | 'done' | 'later'>;
  readonly receivers: readonly Receiver[];
  readonly clock: Clock;
  readonly logger: Logger;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;
/** After a week a notice is no news, and the log has it. */
const WORTH_TELLING_MS = 7 * 86_400_000;

export interface NoticeSender {
  /** Sends what is due now, except to a receiver with a send in progress. Never rejects. */
  run(): Promise<void>;
}

export function createNoticeSender(deps: DeliveryDeps): NoticeSender {
  const { store, receivers, clock, logger } = deps;
  const busy = new Set<string>();

  async function tell(receiver: Receiver, due: readonly Delivery[]): Promise<void> {
    try {
      for (const delivery of due) if (!(await tellOne(receiver, delivery))) return;
    } catch (err) {
      logger.warn(
        { err, receiver: receiver.name },
        'the delivery of an alert could not be recorded; sending it again',
      );
    } finally {
      busy.delete(receiver.name);
    }
  }

  /** False when later notices must wait. */
  async function tellOne(receiver: Receiver, delivery: Delivery): Promise<boolean> {
    const { notice, tries, nextAt } = delivery;
    const now = clock.now();
    if (nextAt > now) return false;
    const receipt = await receiver.send(notice);
    const told = { receiver: receiver.name, notice: notice.id, tries: tries + 1 };
    if (receipt.type === 'taken') {
      await store.done(delivery);
      logger.debug(told, 'a receiver took an alert');
      return true;
    }
    const { why } = receipt;
    const waitMs =
      receipt.retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 20));
    await store.later(delivery, new Date(clock.now().getTime() + Math.min(waitMs, WORTH_TELLING_MS)));
    logger.warn({ ...told, why, waitMs }, 'a receiver did not take an alert; trying again');
    return false;
  }

  async function toldToWhom(): Promise<readonly Delivery[]> {
    const worth: Delivery[] = [];
    for (const delivery of await store.deliveries()) {
      const ageMs = clock.now().getTime() - delivery.notice.at.getTime();
      if (!receivers.some(({ name }) => name === delivery.receiver))
        await drop(deps, delivery, 'it is no longer configured');
      else if (ageMs > WORTH_TELLING_MS) await drop(deps, delivery, 'it did not take it for a week');
      else worth.push(delivery);
    }
    return worth;
  }

  return {
    async run() {
      // Taken before anything is read, or this run would repeat what another run is sending.
      const free = receivers.filter(({ name }) => !busy.has(name));
      for (const { name } of free) busy.add(name);
      try {
        const due = await toldToWhom();
        const of = (name: string) => due.filter(({ receiver }) => receiver === name);
        await Promise.all(free.map((receiver) => tell(receiver, of(receiver.name))));
      } catch (err) {
        for (const { name } of free) busy.delete(name);
        logger.warn({ err }, 'the undelivered alerts could not be read');
      }
    },
  };
}

/** The receiver is no longer configured, or the notice is too old to be of use. */
async function drop({ store, logger }: DeliveryDeps, delivery: Delivery, why: string): Promise<void> {
  await store.done(delivery);
  logger.error(
    { receiver: delivery.receiver, notice: delivery.notice.id, tries: delivery.tries, why },
    'an alert was not delivered to a receiver',
  );
}
