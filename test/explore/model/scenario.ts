/** What a scenario is made of: things that happen outside, and what the platform is told of them. */
import type { EngineSettings, Policy } from '../../../src/engine/reconcile/settings.ts';
import type { TransferPart } from '../../../src/events/data/transfer.ts';
import type { EventData, EventType } from '../../../src/events/event.ts';
import type { AccountHandle, Did } from '../../../src/identity.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import type { WorldStep } from './platform.ts';
import type { World } from './world.ts';

/** An entry of Auth0's log; without an id it gets that of its place. */
export interface Entry {
  readonly who: Person;
  readonly code: string;
  readonly id?: string;
}

/** What a person at a terminal or the schedule may do; tried again until it succeeds. */
export interface Tools {
  decide<T extends EventType>(who: Person, type: T, data: EventData[T]): Promise<void>;
  sweep(): Promise<void>;
  /** Restores all that was removed of a user, if anything. */
  restore(who: Person): Promise<void>;
  /** Transfers these parts, or what there is of the default, from a deleted user to another one. */
  transfer(from: Person, to: Person, asked?: readonly TransferPart[]): Promise<void>;
  /** The same, once, by a person who leaves it at that when another transfer is not finished. */
  /** Cancels what is open of it; done where nothing is. */
  cancelTransfer(from: Person, to: Person): Promise<void>;
  tryTransfer(from: Person, to: Person, asked?: readonly TransferPart[]): Promise<void>;
  /** The account that carries a handle, as a person would find it. */
  didOf(handle: AccountHandle): Did;
}

export interface Step {
  readonly happens?: (world: World) => void | Promise<void>;
  readonly delivers?: readonly Entry[];
  readonly does?: (tools: Tools) => Promise<void>;
  /** What the platform does from then on, in this order. Each may come before any call, and else comes once all is at rest. */
  readonly meanwhile?: readonly WorldStep[];
  /** What is wrong where it has come to rest, if anything. */
  readonly finds?: (world: World) => readonly string[];
  /** Milliseconds before the step; ten seconds by default. */
  readonly waitsMs?: number;
}

export interface Scenario {
  readonly name: string;
  readonly people: readonly Person[];
  readonly steps: readonly Step[];
  /** What entries name beside them, and is no user (W14). */
  readonly noUsers?: readonly Person[];
  readonly policy?: Partial<Policy>;
  readonly settings?: Partial<EngineSettings>;
  /** The two tenants are sisters. */
  readonly areLinked?: boolean;
  /** A user who is not linked may be made due by the reconciliation of another one. */
  readonly wakesOthers?: boolean;
  /** Then no time is ever so long ago that it makes no difference. */
  readonly setsClockBack?: boolean;
  /** Either of the people may come first, and the other takes what is left. */
  readonly isRace?: boolean;
  /** Reasons of conditions that wait for a person and may be the end when something broke. */
  readonly tolerates?: readonly string[];
  /** No reference: the random histories, whose end is judged by what the conditions say. */
  readonly isRandom?: boolean;
  /** A fault may bring a reconciliation that there is none of without it, so that states are not compared. */
  readonly isIncomparable?: boolean;
  /**
   * An account that the PDS does not show has what a user is to get. Where it is listed nothing leaks without a fault;
   * otherwise one creation may fail.
   */
  readonly hides?: 'listed' | 'unlisted';
  /** Nothing tells of changes in the database. */
  readonly isDeaf?: boolean;
  /** So many steps come first in which nothing breaks: other scenarios explore them. */
  readonly given?: number;
  /** It ends the same in whatever order the steps of the platform and our calls come. */
  readonly isOrderless?: boolean;
  /** Of one user in one step; a fault may cost some more. */
  readonly maxReconciliations?: number;
  /** DIDs that may be left behind, also in a race; 0 unless said otherwise. */
  readonly mayLeak?: number;
  /** Auth0 finds users by an address only where it is written in the same letters, as some connections do. */
  readonly readsLetters?: boolean;
}

/** Whether the platform does something of its own in it. */
export function hasPlatform({ steps }: Scenario): boolean {
  return steps.some(({ meanwhile }) => meanwhile !== undefined);
}
