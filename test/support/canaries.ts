/** Secrets that are looked for afterwards, byte by byte, wherever they must not be. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * So many bytes of a secret in a row count as the secret. A database compresses what it stores, which may
 * break a text in two; and by chance nobody ever finds twelve of its characters.
 */
const WINDOW_BYTES = 12;
const BITS = 22;

export interface Scan {
  readonly bytes: number;
  /** The secrets that were found, by their names. */
  readonly found: ReadonlySet<string>;
}

/** Looks for every secret at once, in one walk over each text. */
export class CanaryScanner {
  readonly #windows = new Map<number, { readonly name: string; readonly bytes: Buffer }[]>();
  /** Whether any window begins with bytes of this hash: nearly every position ends here. */
  readonly #begins = new Uint8Array(2 ** BITS);

  constructor(secrets: ReadonlyMap<string, Buffer>) {
    for (const [name, secret] of secrets) {
      if (secret.length < WINDOW_BYTES) throw new Error(`${name} is too short to be looked for.`);
      for (let at = 0; at + WINDOW_BYTES <= secret.length; at += 1) {
        const bytes = secret.subarray(at, at + WINDOW_BYTES);
        const first = bytes.readUInt32LE(0);
        this.#begins[hash(first)] = 1;
        this.#windows.set(first, [...(this.#windows.get(first) ?? []), { name, bytes }]);
      }
    }
  }

  scan(text: Buffer): Scan {
    const found = new Set<string>();
    const begins = this.#begins;
    let first = 0;
    for (let at = 0; at < text.length; at += 1) {
      first = (first >>> 8) | ((text[at] ?? 0) << 24);
      if (at < 3 || begins[hash(first >>> 0)] !== 1) continue;
      for (const { name, bytes } of this.#windows.get(first >>> 0) ?? []) {
        if (text.subarray(at - 3, at - 3 + WINDOW_BYTES).equals(bytes)) found.add(name);
      }
    }
    return { bytes: text.length, found };
  }

  /** Every file under a directory. */
  async scanFiles(directory: string): Promise<Scan & { readonly files: number }> {
    const found = new Set<string>();
    let [bytes, files] = [0, 0];
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const scan = this.scan(await readFile(join(entry.parentPath, entry.name)));
      for (const name of scan.found) found.add(name);
      bytes += scan.bytes;
      files += 1;
    }
    return { bytes, files, found };
  }
}

function hash(first: number): number {
  return Math.imul(first, 0x9e3779b1) >>> (32 - BITS);
}
