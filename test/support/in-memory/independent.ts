/** Clients of independent resources in memory. A resource adds its own, and its calls to `calls.ts`. */
import type { Clients } from '../../../src/reconcilers/independent.ts';
import type { Hooks } from './hooks.ts';
import { all, type Kept } from './kept.ts';

/** A client as the tests have it. */
export interface InMemoryClient extends Kept {
  /** Equal for two states that no client can tell apart. */
  form(): string;
}

export interface InMemoryClients extends InMemoryClient {
  readonly clients: Clients;
}

export function inMemoryClients(_hooks?: Hooks): InMemoryClients {
  const parts: readonly InMemoryClient[] = [];
  return {
    clients: {},
    save: () => all(parts.map((part) => part.save())),
    form: () => parts.map((part) => part.form()).join('|'),
  };
}
