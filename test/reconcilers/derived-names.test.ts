import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAccountHandle } from '../../src/identity.ts';
import { handleLabel, isAllowedLabel } from '../../src/reconcilers/derived-names.ts';

describe('from a platform handle to a label', () => {
  it.each([
    ['alice', 'alice', true, 'a plain one stays as it is'],
    ['Alice', 'alice', true, 'the PDS knows lower case only'],
    ['a.b', 'a-b', true, 'a dot would begin another label'],
    ['a_b', 'a-b', true, 'an underscore is no character of a handle, and so it meets a.b'],
    ['a.b_c.d', 'a-b-c-d', true, 'all of them, not the first'],
    ['43', '43', false, 'two characters are too few'],
    ['a', 'a', false, 'and one is'],
    ['', '', false, 'nothing is no label'],
    ['abc', 'abc', true, 'three are enough'],
    ['4343', '4343', true, 'digits alone are fine'],
    ['abcdefghijklmnop', 'abcdefghijklmnop', true, 'sixteen are the most that the platform allows'],
    ['abcdefghijklmnopqr', 'abcdefghijklmnopqr', true, 'eighteen are the most that the PDS allows'],
    ['abcdefghijklmnopqrs', 'abcdefghijklmnopqrs', false, 'nineteen are too many'],
    ['a--b', 'a--b', true, 'two hyphens side by side are fine'],
    ['-ab', '-ab', false, 'no hyphen in front'],
    ['ab-', 'ab-', false, 'and none behind'],
    ['_ab', '-ab', false, 'whatever it was before'],
    ['älice', 'älice', false, 'only ASCII letters'],
    ['a b', 'a b', false, 'no space'],
    ['alice\n', 'alice\n', false, 'no line end that a lenient pattern would let through'],
    ['İalice', 'i̇alice', false, 'lower case of a letter that becomes two'],
  ])('%j becomes %j (%s): %s', (platformHandle, label, allowed) => {
    expect(handleLabel(platformHandle)).toBe(label);
    expect(isAllowedLabel(handleLabel(platformHandle))).toBe(allowed);
  });

  it('what is allowed is an account handle under any domain', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'Z', '4', '-', '.', '_'), maxLength: 20 }),
        (text) => {
          const label = handleLabel(text);
          fc.pre(isAllowedLabel(label));
          expect(parseAccountHandle(`${label}.at.test`)).toBe(`${label}.at.test`);
          expect(handleLabel(label)).toBe(label);
        },
      ),
    );
  });
});
