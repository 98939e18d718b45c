/**
 * How much is being taken in at once: deliveries and the bytes of their bodies, from before a body is read
 * until its work has ended. So a flood costs the memory of these limits and no more, however many send.
 */
export interface AdmissionLimits {
  readonly maxIngesting: number;
  readonly maxIngestingBytes: number;
}

/** A place among those being taken in. It is free again when it was left and all its work has ended. */
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

  /** Undefined when there is no room. One alone is let in whatever its size, which has a limit of its own. */
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
