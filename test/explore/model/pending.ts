/** Scenarios that are explored once what they need is built: by their names, each with what it waits for. */
export const PENDING: ReadonlyMap<string, string> = new Map([]);
