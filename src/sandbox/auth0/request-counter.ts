/** How often each route was called, so that tests can limit the cost of reconciling many users. */
export class RequestCounter {
  readonly #counts = new Map<string, number>();

  add(method: string, route: string): void {
    const key = `${method} ${route}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Calls of one route, named by its pattern, such as `/api/v2/users/:id`. */
  count(method: string, route: string): number {
    return this.#counts.get(`${method} ${route}`) ?? 0;
  }

  /** Calls of all routes. */
  total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Every route that was called, `GET /api/v2/users/:id` and the like, with its count. */
  byRoute(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  reset(): void {
    this.#counts.clear();
  }
}
