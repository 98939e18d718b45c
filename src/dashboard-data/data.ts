/**
 * The dashboard's questions and decisions, free of HTTP. A question throws `UpstreamError` where an upstream cannot be
 * reached, and `UsageError` where the requested thing does not exist.
 */

import type { AdoptionAnswer, Decision, DecisionAnswer, RestorationAnswer } from './answers/decisions.ts';
import type { HistoryAnswer, HistoryRange, OverviewAnswer } from './answers/overview.ts';
import type { LiveMessages } from './answers/session.ts';
import type { SweepsAnswer } from './answers/sweeps.ts';
import type { TimelineAnswer, UserAnswer, UsersAnswer, UsersQuery } from './answers/users.ts';

export type LiveMessage = {
  [Name in keyof LiveMessages]: { readonly name: Name; readonly data: LiveMessages[Name] };
}[keyof LiveMessages];

export interface DashboardData {
  overview(): Promise<OverviewAnswer>;
  history(range: HistoryRange): Promise<HistoryAnswer>;
  users(query: UsersQuery): Promise<UsersAnswer>;
  /** As the log and the read model know the user, by key. */
  user(key: string): Promise<UserAnswer>;
  /** As a reconciliation would find the user now: calls Auth0 and the PDS, and writes nothing. */
  look(key: string): Promise<UserAnswer>;
  /** `before` is the id of an event. */
  timeline(key: string, before: string | undefined): Promise<TimelineAnswer>;
  /** Without a DID, the account that the document names or that carries the user's handle. */
  adoption(key: string, did: string | undefined): Promise<AdoptionAnswer>;
  /** What was removed of the user, and what a restore writes. */
  restoration(key: string): Promise<RestorationAnswer>;
  sweeps(): Promise<SweepsAnswer>;
  /** Recorded before anything happens. */
  decide(decision: Decision): Promise<DecisionAnswer>;
  /** Sends every listener the same; ends when the signal aborts. All listeners share one source. */
  live(signal: AbortSignal): AsyncIterable<LiveMessage>;
}
