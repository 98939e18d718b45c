/** A part of the world that can be put back to where it was, for a run to be gone on with from there. */
export interface Kept {
  /** Keeps everything as it is now. What it gives puts that back, any number of times. */
  save(): () => void;
}

export function saveMap<K, V>(map: Map<K, V>, copy: (value: V) => V = (value) => value): () => void {
  const entries = [...map].map(([key, value]): [K, V] => [key, copy(value)]);
  return () => {
    map.clear();
    for (const [key, value] of entries) map.set(key, copy(value));
  };
}

export function saveSet<T>(set: Set<T>): () => void {
  const values = [...set];
  return () => {
    set.clear();
    for (const value of values) set.add(value);
  };
}

/** Everything that was saved, put back together. */
export function all(restores: readonly (() => void)[]): () => void {
  return () => {
    for (const restore of restores) restore();
  };
}
