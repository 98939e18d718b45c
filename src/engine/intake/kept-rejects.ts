/**
 * The rejects of one delivery: the first ones as they are, and the rest as a number, so that a delivery of garbage costs
 * no more than a small one.
 */
import type { TenantId } from '../../identity.ts';
import type { Reject } from '../../ports/intake.ts';

/** A delivery that Auth0 sends has about a hundred entries, and none of them is one. */
export const MAX_KEPT_REJECTS = 100;
/** The reason of the reject that stands for the rest. */
export const MORE_REJECTS = 'more entries of one delivery could not be read than are kept';

export class KeptRejects {
  /** How many entries were rejected, also those that are not kept. */
  count = 0;
  readonly #tenant: TenantId;
  readonly #receivedAt: Date;
  /** By reason and raw text: the same reject is kept once. */
  readonly #kept = new Map<string, Reject>();
  #more = 0;

  constructor(tenant: TenantId, receivedAt: Date) {
    this.#tenant = tenant;
    this.#receivedAt = receivedAt;
  }

  /** `raw` is called only where the text may be kept. */
  add(reason: string, raw: () => string): void {
    this.count += 1;
    if (this.#kept.size >= MAX_KEPT_REJECTS) {
      this.#more += 1;
      return;
    }
    this.#keep(reason, raw(), 1);
  }

  /** What was counted before it came here: one for each reason, beside those that are kept. */
  addCounted(reason: string, count: number): void {
    this.count += count;
    this.#keep(reason, '', count);
  }

  #keep(reason: string, raw: string, more: number): void {
    const key = `${reason}\n${raw}`;
    const count = more + (this.#kept.get(key)?.count ?? 0);
    this.#kept.set(key, { tenant: this.#tenant, reason, raw, receivedAt: this.#receivedAt, count });
  }

  all(): readonly Reject[] {
    const kept = [...this.#kept.values()];
    if (this.#more === 0) return kept;
    const [tenant, receivedAt] = [this.#tenant, this.#receivedAt];
    return [...kept, { tenant, reason: MORE_REJECTS, raw: '', receivedAt, count: this.#more }];
  }
}
