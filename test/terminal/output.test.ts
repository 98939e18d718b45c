import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { ignoreBrokenPipe, ignoreErrors, printJson } from '../../src/terminal/output.ts';

test('--json is one document, with its version first', () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) > 0 };
  printJson({ command: 'audit', users: 2, handle: '\u202e' }, stream);
  expect(written).toEqual(['{"schemaVersion":1,"command":"audit","users":2,"handle":"\\u202e"}\n']);
});

test('a reader that went away is no failure, anything else is', () => {
  const stream = new EventEmitter();
  ignoreBrokenPipe(stream);
  expect(stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe(true);
  const full = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
  expect(() => stream.emit('error', full)).toThrow('ENOSPC');
});

test('whatever becomes of stderr is no failure', () => {
  const stream = new EventEmitter();
  ignoreErrors(stream);
  const full = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
  expect(stream.emit('error', full)).toBe(true);
});
