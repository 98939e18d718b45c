/** Gaps, as messages and as JSON output show them. */
import type { Gap } from './gap.ts';

export function gapToJson({ tenant, cause, from, until }: Gap) {
  return { tenant, cause, from: from.toISOString(), until: until?.toISOString() ?? null };
}

/** What may have been missed, and what ends it. */
export function gapSentence({ cause, from, until }: Gap): string {
  const time = `${from.toISOString()} to ${until?.toISOString() ?? 'now'}`;
  switch (cause) {
    case 'retention-passed':
      return `Log entries of ${time} are lost: Auth0 no longer had them. The next complete sweep closes it.`;
    case 'checkpoint-gone':
      return `Log entries of ${time} may be lost: Auth0 did not know where we had stopped. The next complete sweep closes it.`;
    case 'pull-failing':
      return `The log has not been read, ${time}. It is closed when it is read to its end again.`;
    case 'stream-paused':
    case 'stream-suspended':
    case 'stream-missing':
      return `The log stream does not deliver, ${time}. It is closed when it does again.`;
  }
}
