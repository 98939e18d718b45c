/**
 * Gauges whose values are read from the database at a scrape. An answer is cached, for longer the more time it took
 * to get, so that many who scrape cost no more than one. A question that fails hides its own series and says so;
 * it never fails the page, and never leaves an old number standing as if it were today's.
 */
import { Gauge, type Registry } from 'prom-client';
import type { Logger } from '../logger.ts';
import type { Clock } from '../ports/clock.ts';

export interface Question {
  readonly name: string;
  /** Asks, and sets what the answer says. Sets nothing before it has all of it. */
  ask(): Promise<void>;
  /** Takes every series of this question away. */
  hide(): void;
}

export interface AskedDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly questions: readonly Question[];
}

const KEPT_MS = 5_000;
/** So many times as long as the question took it is not asked again: a twentieth of the time is what it may take. */
const REST_PER_QUESTION = 20;
/** How long a scrape waits. Prometheus gives up after ten seconds; what comes later is there for the next one. */
const WAIT_MS = 2_000;
/** An answer that is older than this, because the next one does not come, is shown no more. */
const SHOWN_MS = 300_000;

/** Returns what the page has to await before it is written. It never rejects. */
export function askWhenScraped({ registry, clock, logger, questions }: AskedDeps): () => Promise<void> {
  const registers = [registry];
  const succeeded = new Gauge({
    name: 'concord_question_success',
    help: 'Whether the database answered the query for these series: 1, or 0 and the series are missing.',
    labelNames: ['question'],
    registers,
  });
  const age = new Gauge({
    name: 'concord_question_age_seconds',
    help: 'How old the answer is that this page shows.',
    labelNames: ['question'],
    registers,
  });
  const asked = questions.map((question) => new Asked(question, clock, logger));
  return async () => {
    const enough = new AbortController();
    const all = Promise.all(asked.map((one) => one.refresh()));
    await Promise.race([all, clock.delay(WAIT_MS, enough.signal)]);
    enough.abort();
    for (const { name, ageMs } of asked.map((one) => one.shown())) {
      succeeded.set({ question: name }, ageMs === undefined ? 0 : 1);
      if (ageMs === undefined) age.remove({ question: name });
      else age.set({ question: name }, ageMs / 1_000);
    }
  };
}

class Asked {
  readonly #question: Question;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #running: Promise<void> | undefined;
  #answeredAtMs: number | undefined;
  #restUntilMs = 0;

  constructor(question: Question, clock: Clock, logger: Logger) {
    this.#question = question;
    this.#clock = clock;
    this.#logger = logger;
    question.hide();
  }

  /** Resolves when there is an answer, or the query has failed. */
  async refresh(): Promise<void> {
    if (this.#nowMs() < this.#restUntilMs) return;
    this.#running ??= this.#ask().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** How old what is shown is; undefined when nothing is. */
  shown(): { readonly name: string; readonly ageMs: number | undefined } {
    const { name } = this.#question;
    const ageMs = this.#answeredAtMs === undefined ? undefined : this.#nowMs() - this.#answeredAtMs;
    if (ageMs !== undefined && ageMs <= SHOWN_MS) return { name, ageMs };
    this.#question.hide();
    return { name, ageMs: undefined };
  }

  async #ask(): Promise<void> {
    const askedAtMs = this.#nowMs();
    try {
      await this.#question.ask();
      this.#answeredAtMs = this.#nowMs();
    } catch (err) {
      this.#answeredAtMs = undefined;
      this.#logger.warn({ err, question: this.#question.name }, 'a question of the metrics failed');
    }
    const tookMs = this.#nowMs() - askedAtMs;
    this.#restUntilMs = this.#nowMs() + Math.max(KEPT_MS, tookMs * REST_PER_QUESTION);
  }

  #nowMs(): number {
    return this.#clock.now().getTime();
  }
}
