/** DIDs in the order in which they came, 24 bytes each where they are of the usual kind: a million of them fit. */
import { type Did, parseDid } from '../../../identity.ts';

const PREFIX = 'did:plc:';
const BYTES = 24;
const CHUNK = 4_096;

export class DidList {
  readonly #chunks: Buffer[] = [];
  #packed = 0;
  readonly #others: Did[] = [];

  add(did: Did): void {
    if (did.length !== PREFIX.length + BYTES || !did.startsWith(PREFIX)) {
      this.#others.push(did);
      return;
    }
    const at = this.#packed % CHUNK;
    if (at === 0) this.#chunks.push(Buffer.allocUnsafe(CHUNK * BYTES));
    this.#chunks.at(-1)?.write(did.slice(PREFIX.length), at * BYTES, BYTES, 'latin1');
    this.#packed += 1;
  }

  *[Symbol.iterator](): IterableIterator<Did> {
    for (let at = 0; at < this.#packed; at += 1) {
      const from = (at % CHUNK) * BYTES;
      const text = this.#chunks[Math.floor(at / CHUNK)]?.toString('latin1', from, from + BYTES);
      const did = parseDid(`${PREFIX}${text}`);
      if (did !== undefined) yield did;
    }
    yield* this.#others;
  }
}
