/**
 * How a claim is measured. Machines are shared and noisy, so an absolute figure holds for one run only:
 * ours, the other side, and the other side once more as a control take turns, round by round, and the median
 * of the rounds' ratios is the figure. Where the other side differs from itself, the run proves nothing.
 */

/** Does a fixed amount of work and returns one figure for it: a rate or a time, the same for both sides. */
export type Side = () => Promise<number>;

export interface Pair {
  readonly ours: Side;
  readonly against: Side;
}

/** One figure of each; `control` is the other side again. */
export interface Round {
  readonly ours: number;
  readonly against: number;
  readonly control: number;
}

export interface Comparison {
  /** Medians, or another percentile, of the rounds. */
  readonly ours: number;
  readonly against: number;
  readonly ratio: number;
  /** The quartiles of the rounds' ratios: between them lies every second round. */
  readonly spread: readonly [low: number, high: number];
  /** The other side against itself, measured like `ratio`. */
  readonly control: number;
  readonly rounds: number;
}

/** What the control may be; outside, a run is void. */
export const CONTROL = { low: 0.93, high: 1.07 } as const;

/** Every order in which three can take turns: whoever comes first meets a cold cache, and each does equally often. */
const ORDERS: readonly (readonly (keyof Round)[])[] = [
  ['ours', 'against', 'control'],
  ['control', 'ours', 'against'],
  ['against', 'control', 'ours'],
  ['ours', 'control', 'against'],
  ['against', 'ours', 'control'],
  ['control', 'against', 'ours'],
];

/** Runs both sides and the control `rounds` times, interleaved, after one round that is not counted. */
export async function takeTurns(pair: Pair, rounds: number): Promise<Round[]> {
  const taken: Round[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const figures = { ours: 0, against: 0, control: 0 };
    for (const side of orderOf(round)) {
      figures[side] = await (side === 'ours' ? pair.ours() : pair.against());
    }
    if (round >= 0) taken.push(figures);
  }
  return taken;
}

export function orderOf(round: number): readonly (keyof Round)[] {
  return ORDERS[(round + ORDERS.length) % ORDERS.length] ?? [];
}

/** The median of the rounds' ratios. Throws when there are no rounds, or a figure is no figure. */
export function compare(rounds: readonly Round[]): Comparison {
  check(rounds);
  const ratios = rounds.map(({ ours, against }) => ours / against);
  return {
    ours: median(rounds.map(({ ours }) => ours)),
    against: median(rounds.map(({ against }) => against)),
    ratio: median(ratios),
    spread: [percentile(ratios, 0.25), percentile(ratios, 0.75)],
    control: median(rounds.map(({ against, control }) => control / against)),
    rounds: rounds.length,
  };
}

/** The slowest of both sides against each other: percentiles have no pairs. The control stays that of the medians. */
export function compareAt(share: number, rounds: readonly Round[]): Comparison {
  const middle = compare(rounds);
  const ours = percentile(
    rounds.map((round) => round.ours),
    share,
  );
  const against = percentile(
    rounds.flatMap((round) => [round.against, round.control]),
    share,
  );
  return { ...middle, ours, against, ratio: ours / against };
}

export function isVoid(control: number): boolean {
  return !(control >= CONTROL.low && control <= CONTROL.high);
}

export function median(figures: readonly number[]): number {
  return percentile(figures, 0.5);
}

/** By linear interpolation between the two nearest. Throws when there are none. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new Error('there is nothing to take a percentile of');
  return below + (above - below) * (place - Math.floor(place));
}

function check(rounds: readonly Round[]): void {
  for (const { ours, against, control } of rounds) {
    // A side that did nothing, or took no time, would make the best ratio of all.
    if (![ours, against, control].every((figure) => Number.isFinite(figure) && figure > 0)) {
      throw new Error(`a round gave no figure: ${ours}, ${against}, ${control}`);
    }
  }
}
