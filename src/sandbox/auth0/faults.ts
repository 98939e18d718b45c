/** What goes wrong: an error answer, an answer that never comes, or a connection that is cut. */
export type FaultAnswer =
  | {
      readonly type: 'status';
      readonly status: number;
      /** Instead of Auth0's body for this status. */
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly type: 'hang' }
  | { readonly type: 'cut' };

export interface Fault {
  readonly method?: string;
  /** A route pattern, such as `/api/v2/users/:id`; a path; or an expression tested on path and query. */
  readonly path: string | RegExp;
  /** How many requests it strikes; 1 unless told otherwise. */
  readonly times?: number;
  readonly answer: FaultAnswer;
}

/** Faults waiting for their requests. The earliest that fits strikes first. */
export class Faults {
  #waiting: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** Takes back what has not struck yet. */
  clear(): void {
    this.#waiting = [];
  }

  /** The fault that strikes this request, if any; each strike is used up. */
  strike(method: string, route: string | undefined, url: string): FaultAnswer | undefined {
    const hit = this.#waiting.find(({ fault }) => {
      if (fault.method !== undefined && fault.method !== method) return false;
      if (fault.path instanceof RegExp) return fault.path.test(url);
      return fault.path === route || fault.path === url.split('?', 1)[0];
    });
    if (!hit) return undefined;
    hit.left -= 1;
    if (hit.left <= 0) this.#waiting = this.#waiting.filter((waiting) => waiting !== hit);
    return hit.fault.answer;
  }
}
