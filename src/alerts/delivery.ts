/**
 * Sends notices to the receivers, each at its own pace: an unreachable or slow receiver does not delay the others. The
 * notices about one cause go in order, and those about other causes do not wait for them. The database keeps what a
 * receiver has not taken. Delivery is at least once; the id of a notice identifies duplicates.
 *
 * | the receiver answers                            | what is done                                                |
 * |-------------------------------------------------|-------------------------------------------------------------|
 * | 2xx                                             | the notice is delivered                                     |
 * | 408, 425, 429, or not at all                    | the notice is sent again, for a week                        |
 * | 5xx                                             | the same, unless it takes other notices meanwhile           |
 * | any other status, or 5xx while it takes others  | a refusal: the notice is given up after a few, and logged   |
 */
import type { Logger } from '../logger.ts';
import type { AlertStore, Delivery, NoticeOutcome } from '../ports/alerts.ts';
import type { Clock } from '../ports/clock.ts';
import type { Receipt, Receiver } from './receiver.ts';

export interface DeliveryDeps {
  readonly store: Pick<AlertStore, 'deliveries' | 'done' | 'later'>;
  readonly receivers: readonly Receiver[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after each try, and for each notice that is given up. Must not throw. */
  readonly onNotice?: ((receiver: string, outcome: NoticeOutcome) => void) | undefined;
}

type Refused = Extract<Receipt, { type: 'refused' }>;

const FIRST_WAIT_MS = 1_000;
/** A refusal rarely passes within seconds, but it may be a deployment of the receiver. */
const FIRST_WAIT_AFTER_REFUSAL_MS = 30_000;
/** Whatever Retry-After says: an alert is of use for minutes. */
const LONGEST_WAIT_MS = 300_000;
/** With the waits between them, some minutes. */
export const MOST_REFUSALS = 5;
/** So many causes in a row that a receiver does not answer, and it is left alone until the next run. */
const MOST_FAILURES_A_RUN = 3;
/** After a week a notice is no news, and the log has it. */
const WORTH_TELLING_MS = 7 * 86_400_000;
/** They ask for patience, whatever is sent. */
const PATIENCE: ReadonlySet<number | undefined> = new Set([408, 425, 429]);

export interface NoticeSender {
  /** Sends what is due now, except to a receiver with a send in progress. Never rejects. */
  run(): Promise<void>;
}

/** Whether an answer is about the notice, and not about the receiver. */
export function isRefusal({ status }: Refused, takesOthers: boolean): boolean {
  if (status === undefined || PATIENCE.has(status)) return false;
  return status < 500 || takesOthers;
}

export function createNoticeSender(deps: DeliveryDeps): NoticeSender {
  const { receivers, logger } = deps;
  const busy = new Set<string>();
  const telling = new Map(receivers.map((receiver) => [receiver.name, new Telling(deps, receiver)]));
  return {
    async run() {
      // Taken before anything is read, or this run would repeat what another run is sending.
      const free = receivers.filter(({ name }) => !busy.has(name));
      for (const { name } of free) busy.add(name);
      try {
        const due = await worthTelling(deps);
        await Promise.all(
          free.map(async ({ name }) => {
            await telling.get(name)?.tell(due.filter(({ receiver }) => receiver === name));
            busy.delete(name);
          }),
        );
      } catch (err) {
        for (const { name } of free) busy.delete(name);
        logger.warn({ err }, 'the undelivered alerts could not be read');
      }
    },
  };
}

async function worthTelling(deps: DeliveryDeps): Promise<readonly Delivery[]> {
  const { store, receivers, clock } = deps;
  const worth: Delivery[] = [];
  for (const delivery of await store.deliveries()) {
    const ageMs = clock.now().getTime() - delivery.notice.at.getTime();
    if (!receivers.some(({ name }) => name === delivery.receiver))
      await giveUp(deps, delivery, 'it is no longer configured');
    else if (ageMs > WORTH_TELLING_MS) await giveUp(deps, delivery, 'it did not take it for a week');
    else worth.push(delivery);
  }
  return worth;
}

/** The notices to one receiver. */
class Telling {
  readonly #deps: DeliveryDeps;
  readonly #receiver: Receiver;
  /** When it last took a notice, in milliseconds. */
  #tookAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: DeliveryDeps, receiver: Receiver) {
    this.#deps = deps;
    this.#receiver = receiver;
  }

  /** Never rejects. */
  async tell(due: readonly Delivery[]): Promise<void> {
    let failures = 0;
    try {
      for (const ofCause of byCause(due)) {
        const last = await this.#tellInOrder(ofCause);
        if (last === 'taken') failures = 0;
        if (last === 'failed') failures += 1;
        if (failures >= MOST_FAILURES_A_RUN) return;
      }
    } catch (err) {
      this.#deps.logger.warn(
        { err, receiver: this.#receiver.name },
        'the delivery of an alert could not be recorded; sending it again',
      );
    }
  }

  /** All about one cause, until one has to wait. */
  async #tellInOrder(deliveries: readonly Delivery[]) {
    let last: 'taken' | 'given-up' | 'refused' | 'failed' | undefined;
    for (const delivery of deliveries) {
      if (delivery.nextAt > this.#deps.clock.now()) return last;
      last = await this.#tellOne(delivery);
      if (last === 'failed' || last === 'refused') return last;
    }
    return last;
  }

  async #tellOne(delivery: Delivery): Promise<'taken' | 'given-up' | 'refused' | 'failed'> {
    const { store, clock, logger, onNotice } = this.#deps;
    const { name } = this.#receiver;
    const { notice } = delivery;
    const receipt = await this.#receiver.send(notice);
    const now = clock.now().getTime();
    const tries = delivery.tries + 1;
    const told = { receiver: name, notice: notice.id, tries };
    if (receipt.type === 'taken') {
      this.#tookAtMs = now;
      await store.done(delivery);
      onNotice?.(name, 'taken');
      logger.debug(told, 'a receiver took an alert');
      return 'taken';
    }
    onNotice?.(name, 'failed');
    const { why } = receipt;
    const refused = isRefusal(receipt, now - this.#tookAtMs <= LONGEST_WAIT_MS);
    if (refused && delivery.refusals + 1 >= MOST_REFUSALS) {
      await giveUp(this.#deps, { ...delivery, tries }, `it refused it (${why})`);
      return 'given-up';
    }
    const waitMs = waitAfter(receipt, delivery.tries, refused);
    await store.later(delivery, { nextAt: new Date(now + waitMs), isRefusal: refused });
    logger.warn({ ...told, why, waitMs }, 'a receiver did not take an alert; trying again');
    return refused ? 'refused' : 'failed';
  }
}

/** The notices about each cause in their order, and the cause with the oldest notice first. */
function byCause(deliveries: readonly Delivery[]): Iterable<readonly Delivery[]> {
  const grouped = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const { id } = delivery.notice.cause;
    const group = grouped.get(id);
    if (group === undefined) grouped.set(id, [delivery]);
    else group.push(delivery);
  }
  return grouped.values();
}

function waitAfter({ retryAfterMs }: Refused, tries: number, refused: boolean): number {
  const firstMs = refused ? FIRST_WAIT_AFTER_REFUSAL_MS : FIRST_WAIT_MS;
  return Math.min(LONGEST_WAIT_MS, retryAfterMs ?? firstMs * 2 ** Math.min(tries, 20));
}

/** The receiver refuses the notice or is no longer configured, or the notice is too old to be of use. */
async function giveUp(
  { store, logger, onNotice }: DeliveryDeps,
  delivery: Delivery,
  why: string,
): Promise<void> {
  await store.done(delivery);
  onNotice?.(delivery.receiver, 'given_up');
  const { receiver, notice, tries } = delivery;
  logger.error({ receiver, notice: notice.id, tries, why }, 'an alert was not delivered to a receiver');
}
