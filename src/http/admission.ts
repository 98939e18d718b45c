/**
 * Limits concurrent deliveries and the bytes of their bodies, from before a body is read until its work has ended. So a
 * flood costs at most the memory of these limits.
 */
export interface AdmissionLimits {
  readonly maxIngesting: number;
  readonly maxIngestingBytes: number;
}

/** The share of one delivery. It is free again after `leave` and the end of all its work. */
export interface Place {
  keepFor(work: Promise<unknown>): void;
  /** May be repeated. */
  leave(): void;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  #deliveries = 0;
  #bytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Undefined when a limit is reached. A single delivery is always admitted; its size has a separate limit. */
  enter(bytes: number): Place | undefined {
    const { maxIngesting, maxIngestingBytes } = this.#limits;
    if (this.#deliveries >= maxIngesting) return undefined;
    if (this.#deliveries > 0 && this.#bytes + bytes > maxIngestingBytes) return undefined;
    this.#deliveries += 1;
    this.#bytes += bytes;
    let holders = 1;
    const release = () => {
      holders -= 1;
      if (holders > 0) return;
      this.#deliveries -= 1;
      this.#bytes -= bytes;
    };
    let left = false;
    return {
      keepFor: (work) => {
        holders += 1;
        work.then(release, release);
      },
      leave: () => {
        if (!left) release();
        left = true;
      },
    };
  }
}
