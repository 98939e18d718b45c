/** The pure tests on every Node that is supported. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { otherNode } from '../support/installed-apart.ts';
import { NODES } from './versions.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const MAX_OUTPUT_BYTES = 64 * 1024 ** 2;

/** The last of what it wrote is of the failures. */
async function pureTestsOn(version: string): Promise<{ readonly code: unknown; readonly end: string }> {
  const { program } = await otherNode(version);
  const { PATH, HOME, TMPDIR, CI } = process.env;
  // What is set for this run, such as that it is one of tests, is not for that one.
  const options = { cwd: ROOT, env: { PATH, HOME, TMPDIR, CI }, maxBuffer: MAX_OUTPUT_BYTES };
  return new Promise((resolve) => {
    execFile(program, [VITEST, 'run', '--project', 'unit', '--reporter', 'dot'], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, end: (out + err).slice(-4_000) }),
    );
  });
}

test.each(NODES)('pass on Node %s', async (version) => {
  const { code, end } = await pureTestsOn(version);
  expect(code, end).toBe(0);
  expect(end).toMatch(/Tests +\d+ passed/);
});
