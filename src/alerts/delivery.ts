/**
 * Tells receivers what is to be told, each in its own time: one that is away or slow keeps nobody else waiting.
 * What one has not taken is kept in the database and tried again, in the order in which it happened, so it is
 * told at least once; the id of a notice says whether it has been told before.
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
/** What somebody is told a week later is no news, and the log has said it. */
const WORTH_TELLING_MS = 7 * 86_400_000;

export interface Telling {
  /** Tells what is due now. While a receiver is being told it is left alone. Never rejects. */
  run(): Promise<void>;
}

export function createTelling(deps: DeliveryDeps): Telling {
  const { store, receivers, clock, logger } = deps;
  const busy = new Set<string>();

  async function tell(receiver: Receiver, due: readonly Delivery[]): Promise<void> {
    try {
      for (const delivery of due) if (!(await tellOne(receiver, delivery))) return;
    } catch (err) {
      logger.warn(
        { err, receiver: receiver.name },
        'whether somebody was told could not be kept; told again',
      );
    } finally {
      busy.delete(receiver.name);
    }
  }

  /** False when what comes after has to wait. */
  async function tellOne(receiver: Receiver, delivery: Delivery): Promise<boolean> {
    const { notice, tries, nextAt } = delivery;
    const now = clock.now();
    if (nextAt > now) return false;
    const receipt = await receiver.send(notice);
    const told = { receiver: receiver.name, notice: notice.id, tries: tries + 1 };
    if (receipt.type === 'taken') {
      await store.done(delivery);
      logger.debug(told, 'a receiver was told of an alert');
      return true;
    }
    const { why } = receipt;
    const waitMs =
      receipt.retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 20));
    await store.later(delivery, new Date(clock.now().getTime() + Math.min(waitMs, WORTH_TELLING_MS)));
    logger.warn({ ...told, why, waitMs }, 'a receiver did not take an alert; tried again');
    return false;
  }

  /** To somebody who is not there any more, or too late to be of use. */
  async function drop(delivery: Delivery, why: string): Promise<void> {
    await store.done(delivery);
    logger.error(
      { receiver: delivery.receiver, notice: delivery.notice.id, tries: delivery.tries, why },
      'a receiver was never told of an alert',
    );
  }

  async function toldToWhom(): Promise<readonly Delivery[]> {
    const worth: Delivery[] = [];
    for (const delivery of await store.deliveries()) {
      const ageMs = clock.now().getTime() - delivery.notice.at.getTime();
      if (!receivers.some(({ name }) => name === delivery.receiver))
        await drop(delivery, 'it is not configured any more');
      else if (ageMs > WORTH_TELLING_MS) await drop(delivery, 'it did not take it for a week');
      else worth.push(delivery);
    }
    return worth;
  }

  return {
    async run() {
      // Taken before anything is read, or what another run is just telling would be told by this one too.
      const free = receivers.filter(({ name }) => !busy.has(name));
      for (const { name } of free) busy.add(name);
      try {
        const due = await toldToWhom();
        const of = (name: string) => due.filter(({ receiver }) => receiver === name);
        await Promise.all(free.map((receiver) => tell(receiver, of(receiver.name))));
      } catch (err) {
        for (const { name } of free) busy.delete(name);
        logger.warn({ err }, 'what is to be told could not be read');
      }
    },
  };
}
