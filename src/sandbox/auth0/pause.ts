/**
 * Pauses that can be cut short, and that keep no process alive. A delivery loop waits here between
 * batches and attempts, so that flushing or stopping need not wait for its timers.
 */
export class Pauses {
  readonly #waiting = new Set<() => void>();
  #disabled = false;

  wait(ms: number): Promise<void> {
    if (this.#disabled) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms).unref();
      this.#waiting.add(done);
    });
  }

  /** Ends the pauses under way; later ones last their time. */
  cutShort(): void {
    for (const done of [...this.#waiting]) done();
  }

  /** Ends the pauses under way and every later one. */
  disable(): void {
    this.#disabled = true;
    this.cutShort();
  }
}
