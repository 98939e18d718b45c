import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../src/http/body.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

function entriesOf(body: string): readonly unknown[] {
  const reading = readBody(body);
  if (reading.type !== 'delivery') throw new Error(reading.detail);
  expect(reading.unreadable).toEqual([]);
  return reading.entries;
}

const one = { log_id: '1', data: { type: 'ss' } };
const two = { log_id: '2', data: { type: 'sv' } };

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
  ])('%s', (_format, body) => {
    expect(entriesOf(body)).toEqual(expected);
  });

  it('a single entry, in one line or several', () => {
    expect(entriesOf(JSON.stringify(one))).toEqual([one]);
    expect(entriesOf(JSON.stringify(one, null, 2))).toEqual([one]);
    expect(entriesOf('{"data":{}}')).toEqual([{ data: {} }]);
  });

  it('an empty list is a delivery of nothing', () => {
    expect(entriesOf('[]')).toEqual([]);
    expect(entriesOf('{"logs":[]}')).toEqual([]);
  });

  it('elements of a list are handed on whatever they are', () => {
    expect(entriesOf('{"logs":[null,1,"x",{}]}')).toEqual([null, 1, 'x', {}]);
    expect(entriesOf('[1]')).toEqual([1]);
  });
});

describe('lines', () => {
  it('a broken line is a reject and the others are kept', () => {
    expect(readBody(`${JSON.stringify(one)}\r\n{"log_id":\n\n${JSON.stringify(two)}`)).toEqual({
      type: 'delivery',
      entries: [one, two],
      unreadable: [{ reason: 'the line is not JSON', raw: '{"log_id":' }],
    });
  });

  it('a line that is no object is left to the reading of entries', () => {
    expect(entriesOf(`${JSON.stringify(one)}\nnull\n7`)).toEqual([one, null, 7]);
  });

  it.each([
    ['SECRET\n\nSECRET', /line 1 of 3 is not JSON/],
    ['"SECRET"\n{"SECRET', /line 2 of 2 is not JSON/],
    ['1\n2', /None of the 2 lines/],
  ])('refused when no line is an entry: %j', (body, detail) => {
    const reading = readBody(body);
    expect(reading).toEqual({ type: 'refused', detail: expect.stringMatching(detail) });
    expect(JSON.stringify(reading)).not.toContain('SECRET');
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
  ])('%j', (body, detail) => {
    const reading = readBody(body);
    expect(reading).toEqual({ type: 'refused', detail: expect.stringMatching(detail) });
    expect(JSON.stringify(reading)).not.toContain('SECRET');
  });
});

it.each([10_000, 500_000])('a body nested %i deep is read or refused, and never throws', (depth) => {
  expect(entriesOf('['.repeat(depth) + ']'.repeat(depth))).toHaveLength(1);
  expect(readBody('['.repeat(depth)).type).toBe('refused');
});
