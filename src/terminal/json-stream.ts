/** One JSON document written piece by piece, so that no list in it is held in memory. */
import type { Writable } from 'node:stream';
import { type JsonResult, SCHEMA_VERSION, writeText } from './output.ts';
import { visibleJson } from './visible.ts';

type Stream = Pick<Writable, 'write' | 'once' | 'writable'>;

export interface JsonList {
  readonly name: string;
  readonly items: AsyncIterable<unknown>;
}

/**
 * Writes `{…head, [name]: {[list]: […], …}, …tail()}` with a line for each item. The tail is read after the lists. A
 * failure leaves a text that no parser accepts.
 */
export async function printJsonStream(
  head: JsonResult,
  {
    name,
    lists,
    tail,
  }: { readonly name: string; readonly lists: readonly JsonList[]; readonly tail: () => object },
  stream: Stream = process.stdout,
): Promise<void> {
  const write = (text: string): Promise<void> => writeText(text, stream);
  const json = (value: unknown): string => visibleJson(JSON.stringify(value));
  await write(`${json({ schemaVersion: SCHEMA_VERSION, ...head }).slice(0, -1)},${json(name)}:{`);
  for (const [at, list] of lists.entries()) {
    await write(`${at === 0 ? '' : ','}\n${json(list.name)}:[`);
    let isFirst = true;
    for await (const item of list.items) {
      await write(`${isFirst ? '' : ','}\n${json(item)}`);
      isFirst = false;
    }
    await write(']');
  }
  await write(`},\n${json(tail()).slice(1)}\n`);
}
