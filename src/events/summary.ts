/** The gist of an event in a few words, for a list of them. */
import { definitionOf } from './definitions.ts';
import type { ConcordEvent } from './event.ts';

/** Empty for a type that only a newer version knows. */
export function summary({ type, data }: ConcordEvent): string {
  return definitionOf(type)?.summary(data) ?? '';
}
