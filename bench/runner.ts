/** Runs the claims that are wanted on parts that are started once, and keeps what came out. */
import { randomBytes } from 'node:crypto';
import { type Mongod, startMongod } from '../src/sandbox/servers/mongod.ts';
import { type Pds, startPds } from '../src/sandbox/servers/pds.ts';
import { aimText, type Bench, type Claim, type Family, type Figure, isMet, type Rounds } from './claim.ts';
import { type Comparison, compare, isVoid, median, type Round, takeTurns } from './measure.ts';

export interface Result extends Figure {
  readonly claim: Claim;
  /** Undefined for a figure that is held against a limit alone. */
  readonly comparison: Comparison | undefined;
  /** Null when the run is void. */
  readonly met: boolean | null;
}

export interface Skipped {
  readonly claim: Claim;
  readonly why: string;
}

export interface RunnerOptions {
  readonly quick: boolean;
  /** Ids such as P4 or P4a; all of them when there are none. */
  readonly only: readonly string[];
  readonly emmett: string | undefined;
  readonly onResult: (result: Result | Skipped) => void;
}

/** A run whose control is off is thrown away, and made anew so many times. */
const TRIES = 3;

export class Runner implements Bench {
  readonly results: Result[] = [];
  readonly skipped: Skipped[] = [];
  readonly quick: boolean;
  readonly emmett: string | undefined;
  readonly #options: RunnerOptions;
  readonly #controls: number[] = [];
  #mongod: Promise<Mongod> | undefined;
  #pds: Promise<Pds> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.quick = options.quick;
    this.emmett = options.emmett;
  }

  async run(families: readonly Family[]): Promise<void> {
    try {
      for (const family of families) {
        if (!family.claims.some((claim) => this.wants(claim))) continue;
        await family.measure(this);
        await this.#stopPds();
      }
    } finally {
      await Promise.all([this.#mongod?.then((mongod) => mongod.stop()), this.#stopPds()]);
    }
  }

  /** Each family has a database of its own, and a code that is free there may be a handle on a PDS of another family. */
  async #stopPds(): Promise<void> {
    const pds = await this.#pds;
    this.#pds = undefined;
    await pds?.stop();
  }

  wants({ id }: Claim): boolean {
    const { only } = this.#options;
    // `P1` is not `P10`, and `P5` is P5a and P5b.
    return only.length === 0 || only.some((wanted) => wanted === id || wanted === id.replace(/[a-z]$/, ''));
  }

  mongod(): Promise<Mongod> {
    this.#mongod ??= startMongod();
    return this.#mongod;
  }

  pds(): Promise<Pds> {
    const secret = (): string => randomBytes(16).toString('hex');
    this.#pds ??= startPds({ adminPassword: secret(), bypassKey: secret() });
    return this.#pds;
  }

  /** Of all rounds of this run, the other sides against themselves. Undefined before the first. */
  get control(): number | undefined {
    return this.#controls.length === 0 ? undefined : median(this.#controls);
  }

  async turns(pair: Parameters<Bench['turns']>[0], rounds: Rounds): Promise<Round[]> {
    for (let tried = 1; ; tried += 1) {
      const taken = await takeTurns(pair, this.quick ? rounds.quick : rounds.full);
      if (this.quick || tried === TRIES || !isVoid(compare(taken).control)) {
        this.#controls.push(...taken.map(({ against, control }) => control / against));
        return taken;
      }
    }
  }

  async compare(claim: Claim, pair: Parameters<Bench['turns']>[0], rounds: Rounds): Promise<void> {
    if (this.wants(claim)) this.report(claim, compare(await this.turns(pair, rounds)));
  }

  report(claim: Claim, comparison: Comparison): void {
    const { ours, against, ratio, control } = comparison;
    const met = isVoid(control) ? null : isMet(claim.aim, ratio);
    this.#keep({ claim, ours, against, ratio, comparison, met });
  }

  reportFigure(claim: Claim, figure: Figure): void {
    this.#keep({ claim, ...figure, comparison: undefined, met: isMet(claim.aim, figure.ratio) });
  }

  skip(claim: Claim, why: string): void {
    if (!this.wants(claim)) return;
    const skipped = { claim, why };
    this.skipped.push(skipped);
    this.#options.onResult(skipped);
  }

  #keep(result: Result): void {
    if (!this.wants(result.claim)) return;
    this.results.push(result);
    this.#options.onResult(result);
  }
}

/** The one document on stdout. What was skipped is in it too, as neither met nor missed. */
export function documentOf({ results, skipped, control }: Runner): object {
  return {
    control: control ?? null,
    claims: [
      ...results.map(({ claim, comparison, ours, against, ratio, met }) => ({
        name: `${claim.id} ${claim.name}`,
        ours,
        against,
        ratio,
        aim: aimText(claim.aim),
        met,
        unit: claim.unit,
        comparedWith: claim.against,
        ...(comparison === undefined
          ? {}
          : { spread: comparison.spread, control: comparison.control, rounds: comparison.rounds }),
      })),
      ...skipped.map(({ claim, why }) => ({
        name: `${claim.id} ${claim.name}`,
        ours: null,
        against: null,
        ratio: null,
        aim: aimText(claim.aim),
        met: null,
        skipped: why,
      })),
    ],
  };
}
