import { expect, it } from 'vitest';
import { DidList } from '../../../src/engine/sweep/listings/did-list.ts';
import { type Did, parseDid } from '../../../src/identity.ts';

function did(text: string): Did {
  const parsed = parseDid(text);
  if (parsed === undefined) throw new Error(`${text} is no DID.`);
  return parsed;
}

it('gives back what was added, over the edges of its chunks, and DIDs of other kinds after them', () => {
  const list = new DidList();
  const usual = Array.from({ length: 9_000 }, (_, at) =>
    did(`did:plc:${at.toString(2).replaceAll('0', 'a').replaceAll('1', 'b').padStart(24, 'c')}`),
  );
  const other = did('did:web:alice.example.com');
  list.add(other);
  for (const one of usual) list.add(one);
  expect([...list]).toEqual([...usual, other]);
  expect([...new DidList()]).toEqual([]);
});
