import type { Clock } from '../clock.ts';
import { Pauses } from '../pause.ts';
import { ALPHANUMERICS, mix, type Randomness } from '../randomness.ts';
import type { TenantUser } from '../users/user.ts';
import type { UserChange } from '../users/user-store.ts';

export interface EventStreamSettings {
  readonly tenant: string;
  readonly seed: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Share of events that are sent twice, 0 to 1. */
  readonly duplicateShare: number;
  /** The longest that an event lies before it is sent, ms: so they come in no order. */
  readonly gatherMs: number;
  /** Wait after the first failed attempt, ms; it doubles with each further one. */
  readonly attemptBackoffMs: number;
  readonly requestTimeoutMs: number;
}

export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly specversion: '1.0';
  readonly type: `user.${UserChange['type']}`;
  readonly time: string;
  readonly a0tenant: string;
  readonly a0stream: string;
  readonly data: { readonly object: TenantUser & { readonly deleted_at?: string } };
}

/** An event that was given up, and the answer that decided it. */
export interface FailedDelivery {
  readonly event: CloudEvent;
  readonly reason: string;
}

const ATTEMPTS = 4;

/**
 * A webhook event stream: each event by itself, in no order, some twice. Four attempts with growing waits; an
 * answer of 4xx ends them at once. What failed is kept, and sent again only on request.
 */
export class EventStream {
  readonly id: string;
  status: 'enabled' | 'disabled' = 'enabled';
  readonly failed: FailedDelivery[] = [];
  readonly #pauses = new Pauses();
  readonly #stopped = new AbortController();
  readonly #settings: EventStreamSettings;
  readonly #sink: { readonly endpoint: string; readonly token: string };
  readonly #underWay = new Set<Promise<void>>();
  #offered = 0;

  constructor(settings: EventStreamSettings, sink: { readonly endpoint: string; readonly token: string }) {
    this.#settings = settings;
    this.#sink = sink;
    this.id = `est_${settings.randomness.draw(22, ALPHANUMERICS)}`;
  }

  get endpoint(): string {
    return this.#sink.endpoint;
  }

  offer({ type, user }: UserChange): void {
    if (this.status === 'disabled') return;
    const { tenant, clock, randomness, seed, duplicateShare } = this.#settings;
    const time = clock().toISOString();
    this.#offered += 1;
    const event: CloudEvent = {
      id: `evt_${randomness.draw(22, ALPHANUMERICS)}`,
      source: `urn:auth0:${tenant}:users`,
      specversion: '1.0',
      type: `user.${type}`,
      time,
      a0tenant: tenant,
      a0stream: this.id,
      data: { object: type === 'deleted' ? { ...user, deleted_at: time } : user },
    };
    this.#send(event);
    if (mix(seed, this.#offered, 1) / 2 ** 32 < duplicateShare) this.#send(event);
  }

  /** What an administrator does after fixing the receiver. */
  redeliver(): void {
    for (const { event } of this.failed.splice(0)) this.#send(event);
  }

  /** Resolves when nothing is under way. Waits are cut short. */
  async flush(): Promise<void> {
    while (this.#underWay.size > 0) {
      this.#pauses.cutShort();
      await Promise.race([...this.#underWay, new Promise((resolve) => setTimeout(resolve, 5))]);
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#pauses.disable();
    await Promise.all(this.#underWay);
  }

  #send(event: CloudEvent): void {
    const { seed, gatherMs } = this.#settings;
    const liesMs = Math.round((gatherMs * mix(seed, this.#offered, this.#underWay.size)) / 2 ** 32);
    const sending = this.#pauses
      .wait(liesMs)
      .then(() => this.#deliver(event))
      .finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }

  async #deliver(event: CloudEvent): Promise<void> {
    let reason = 'stopped';
    for (let attempt = 1; attempt <= ATTEMPTS && !this.#stopped.signal.aborted; attempt += 1) {
      const answer = await this.#post(event);
      if (answer === 'taken') return;
      reason = answer.reason;
      if (answer.isFinal) break;
      if (attempt < ATTEMPTS) await this.#pauses.wait(this.#settings.attemptBackoffMs * 2 ** (attempt - 1));
    }
    this.failed.push({ event, reason });
  }

  async #post(event: CloudEvent): Promise<'taken' | { readonly reason: string; readonly isFinal: boolean }> {
    const timeout = AbortSignal.timeout(this.#settings.requestTimeoutMs);
    try {
      const response = await fetch(this.#sink.endpoint, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${this.#sink.token}`,
          connection: 'close',
        },
        body: JSON.stringify(event),
        redirect: 'manual',
        signal: AbortSignal.any([timeout, this.#stopped.signal]),
      });
      await response.arrayBuffer();
      const { ok, status } = response;
      return ok ? 'taken' : { reason: `HTTP ${status}`, isFinal: status >= 400 && status < 500 };
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error), isFinal: false };
    }
  }
}
