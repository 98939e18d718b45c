/**
 * Which names a run has met, in eight bytes each: a number of 53 bits for a name, kept sorted. Two of a million
 * names share one about once in twenty thousand runs; then one of them is taken for met.
 */
const CHUNK = 65_536;
const NONE = new Float64Array(0);

export class NameSet {
  /** Sorted, each once. */
  #numbers = NONE;
  /** What came since, as it came. */
  #chunks: Float64Array[] = [];
  #added = 0;

  add(name: string): void {
    const at = this.#added % CHUNK;
    if (at === 0) this.#chunks.push(new Float64Array(CHUNK));
    const chunk = this.#chunks.at(-1);
    if (chunk !== undefined) chunk[at] = numberOf(name);
    this.#added += 1;
  }

  has(name: string): boolean {
    return this.indexOf(name) >= 0;
  }

  /** The place of a name among all, from 0, which holds until the next `add`; -1 when it was not met. */
  indexOf(name: string): number {
    this.#sort();
    const wanted = numberOf(name);
    let from = 0;
    let to = this.#numbers.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#numbers[middle] ?? 0) < wanted) from = middle + 1;
      else to = middle;
    }
    return this.#numbers[from] === wanted ? from : -1;
  }

  get size(): number {
    this.#sort();
    return this.#numbers.length;
  }

  #sort(): void {
    if (this.#added === 0) return;
    const all = new Float64Array(this.#numbers.length + this.#added);
    all.set(this.#numbers);
    let end = this.#numbers.length;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, Math.min(CHUNK, all.length - end));
      all.set(part, end);
      end += part.length;
    }
    this.#chunks = [];
    this.#added = 0;
    all.sort();
    let kept = 0;
    for (const number of all) {
      if (kept > 0 && all[kept - 1] === number) continue;
      all[kept] = number;
      kept += 1;
    }
    this.#numbers = all.subarray(0, kept);
  }
}

/** Two multiplicative hashes, mixed into one another. Not for secrets: a digest of the same names takes ten times as long. */
function numberOf(name: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < name.length; at += 1) {
    const unit = name.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return (low & 0x1fffff) * 2 ** 32 + (high >>> 0);
}
