import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../src/http/body.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

async function entriesOf(body: string): Promise<readonly unknown[]> {
  const reading = await readBody(body);
  if (reading.type !== 'delivery') throw new Error(reading.detail);
  expect(reading.unreadable).toEqual([]);
  return reading.entries;
}

const one = { log_id: '1', data: { type: 'ss' } };
const two = { log_id: '2', data: { type: 'sv' } };

it.each([
  ['lists in lists', '['.repeat(100_000)],
  ['empty objects', `[${'{},'.repeat(30_000)}{}]`],
])('a large body of little more than brackets is refused unread: %s', async (_what, body) => {
  expect(await readBody(body)).toEqual({
    type: 'refused',
    detail: expect.stringContaining('objects and lists'),
  });
});

it('a large body of entries is read, also of short ones', async () => {
  expect(await entriesOf(JSON.stringify(Array(3_000).fill(one)))).toHaveLength(3_000);
});

describe('one delivery in every format', () => {
  const expected: unknown = JSON.parse(fixture('auth0-logs.array.json'));
  const lines = fixture('auth0-logs.jsonl');
  it.each([
    ['a JSON array', fixture('auth0-logs.array.json')],
    ['an object with logs', fixture('auth0-logs.object.json')],
    ['JSON lines', lines],
    ['JSON lines with CRLF', lines.replaceAll('\n', '\r\n')],
    ['JSON lines with blank lines', lines.replaceAll('\n', '\n\n  \n')],
    ['JSON lines after a byte order mark', `\ufeff${lines}`],
    ['a pretty-printed array', JSON.stringify(expected, null, 2)],
    [
      'a line for each half of it',
      fixture('auth0-logs.array.json').replaceAll('\n', ' ').replace('}, {"log_id"', '}]\n[{"log_id"'),
    ],
  ])('%s', async (_format, body) => {
    expect(await entriesOf(body)).toEqual(expected);
  });

  it('a single entry, in one line or several', async () => {
    expect(await entriesOf(JSON.stringify(one))).toEqual([one]);
    expect(await entriesOf(JSON.stringify(one, null, 2))).toEqual([one]);
    expect(await entriesOf('{"data":{}}')).toEqual([{ data: {} }]);
  });

  it('an empty list is a delivery of nothing', async () => {
    expect(await entriesOf('[]')).toEqual([]);
    expect(await entriesOf('{"logs":[]}')).toEqual([]);
  });

  it('elements of a list are handed on whatever they are', async () => {
    expect(await entriesOf('{"logs":[null,1,"x",{}]}')).toEqual([null, 1, 'x', {}]);
    expect(await entriesOf('[1]')).toEqual([1]);
  });
});

describe('lines', () => {
  it('a broken line is a reject and the others are kept', async () => {
    expect(await readBody(`${JSON.stringify(one)}\r\n{"log_id":\n\n${JSON.stringify(two)}`)).toEqual({
      type: 'delivery',
      entries: [one, two],
      unreadable: [{ reason: 'the line is not JSON', raw: '{"log_id":' }],
    });
  });

  it('a line that is no object is left to the reading of entries', async () => {
    expect(await entriesOf(`${JSON.stringify(one)}\nnull\n7`)).toEqual([one, null, 7]);
  });

  it.each([
    ['SECRET\n\nSECRET', /line 1 of 3 is not JSON/],
    ['"SECRET"\n{"SECRET', /line 2 of 2 is not JSON/],
    ['1\n2', /None of the 2 lines/],
  ])('refused when no line is an entry: %j', async (body, detail) => {
    const reading = await readBody(body);
    expect(reading).toEqual({ type: 'refused', detail: expect.stringMatching(detail) });
    expect(JSON.stringify(reading)).not.toContain('SECRET');
  });
});

describe('too many', () => {
  it('broken lines beyond the first are counted, and what comes after them is read', async () => {
    const broken = Array.from({ length: 5_000 }, (_, at) => `{"broken":${at}`);
    const reading = await readBody([JSON.stringify(one), ...broken, JSON.stringify(two)].join('\n'));
    expect(reading).toMatchObject({ type: 'delivery', entries: [one, two] });
    const unreadable = reading.type === 'delivery' ? reading.unreadable : [];
    expect(unreadable.slice(0, -1)).toEqual(
      broken.slice(0, 100).map((raw) => ({ reason: 'the line is not JSON', raw })),
    );
    expect(unreadable.at(-1)).toEqual({ reason: 'the line is not JSON', count: 4_900 });
  });

  it('lines leave time for others', async () => {
    const body = `${JSON.stringify(one)}\n${'{"broken}\n'.repeat(200_000)}`;
    let turns = 0;
    let isRead = false;
    const count = (): void => {
      turns += 1;
      if (!isRead) setImmediate(count);
    };
    setImmediate(count);
    const reading = await readBody(body);
    isRead = true;
    expect(reading.type).toBe('delivery');
    expect(turns).toBeGreaterThan(5);
  });
});

describe('refused: no delivery at all', () => {
  it.each([
    ['', /empty/],
    [' \r\n\ufeff ', /empty/],
    ['null', /is null/],
    ['7', /a number/],
    ['"SECRET"', /a string/],
    ['true', /a boolean/],
    ['{}', /without logs, log_id or data/],
    ['{"SECRET":1}', /without logs, log_id or data/],
    ['{"logs":null}', /logs of the body is not an array/],
    ['{"logs":{"0":"SECRET"}}', /logs of the body is not an array/],
    ['SECRET', /its only line, 6 characters long, is not JSON/],
    ['[{"log_id":"SECRET"', /not JSON/],
    ['{"id":"evt_1","specversion":"1.0","type":"user.created","data":{"object":{}}}', /CloudEvent/],
  ])('%j', async (body, detail) => {
    const reading = await readBody(body);
    expect(reading).toEqual({ type: 'refused', detail: expect.stringMatching(detail) });
    expect(JSON.stringify(reading)).not.toContain('SECRET');
  });
});

it('a body nested 30,000 deep is read, as far as it is JSON', async () => {
  const depth = 30_000;
  expect(await entriesOf('['.repeat(depth) + ']'.repeat(depth))).toHaveLength(1);
  expect((await readBody('['.repeat(depth))).type).toBe('refused');
});
