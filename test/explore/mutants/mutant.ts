/** A seeded bug: layers around the ports and other settings, with nothing of the engine itself touched. */

import type { EngineSettings } from '../../../src/engine/reconcile/settings.ts';
import type { SafetyLimits } from '../../../src/engine/sweep/limits.ts';
import type { Random } from '../../../src/ports/clock.ts';
import type { Ports } from '../model/ports.ts';
import type { Which } from '../search/merge.ts';
import type { Run } from '../search/run.ts';

export interface Mutant {
  readonly name: string;
  /** The scenario in which a fault shows it, where searching all of them would take long. */
  readonly where?: string;
  /** What the violation that finds it has to say; then it is looked for in that scenario alone. */
  readonly rule?: string;
  /** What has to come before a call there, where it is no fault of the call. */
  readonly by?: Extract<Which, 'platform' | 'lives'>;
  /** Between the engine and the faults: what the engine believes, and what it does about errors. */
  readonly outer?: (ports: Ports, run: Run) => Ports;
  /** Between the faults and the stores: a store that does not do what it says. */
  readonly inner?: (stores: Ports, run: Run) => Ports;
  /** What the webhook writes through. */
  readonly ingest?: (ports: Ports, run: Run) => Ports;
  readonly settings?: Partial<EngineSettings>;
  readonly limits?: SafetyLimits;
  readonly random?: (random: Random) => Random;
}
