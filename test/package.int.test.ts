/** What the package exports: packed as it is published, and used from a folder of its own in which nothing else is installed. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createVault, generateKey } from '../src/credentials/vault.ts';
import { storedUserKey } from '../src/identity.ts';
import { MAIN } from './support/program.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const KEYS = generateKey('k1');
const ALICE = storedUserKey('auth0|alice');

let folder: string;
let consumer: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'concord-test-'));
  const [source, installed] = [join(folder, 'source'), join(folder, 'consumer/node_modules/concord')];
  consumer = join(folder, 'consumer');
  await Promise.all([mkdir(source), mkdir(installed, { recursive: true })]);
  // As the script `build` does it; the program is compiled once for the whole run.
  await cp(dirname(MAIN), join(source, 'dist'), { recursive: true });
  await run(process.execPath, [TSC, '-p', 'tsconfig.types.json', '--outDir', join(source, 'dist')], {
    cwd: ROOT,
  });
  await cp(join(ROOT, 'package.json'), join(source, 'package.json'));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: source,
  });
  const tarball = join(folder, packed.stdout.trim());
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs an ECMAScript module beside the installed package, with these on its command line. */
async function inConsumer(script: string, ...args: readonly string[]): Promise<unknown> {
  const file = join(consumer, 'script.mjs');
  await writeFile(file, script);
  return JSON.parse((await run(process.execPath, [file, ...args], { cwd: consumer })).stdout);
}

const OPEN = `
  import { openPassword } from 'concord/credentials';
  const [keys, userKey, ...stored] = process.argv.slice(2);
  const open = (text) => {
    try {
      return openPassword(text, userKey, keys);
    } catch (error) {
      return { code: error.code, message: error.message };
    }
  };
  console.log(JSON.stringify([...stored.map(open), open(undefined)]));`;

describe('concord/credentials', () => {
  test('opens what the engine sealed, and gives plaintext back', async () => {
    const sealed = createVault({ storage: 'sealed', keys: KEYS }).seal('päss wörd', ALICE);
    const rotated = `${generateKey('k2')},${KEYS}`;
    const opened = (await inConsumer(OPEN, rotated, ALICE, sealed, 'as it was', 'v1.k1.no')) as unknown[];
    expect(opened.slice(0, 3)).toEqual(['päss wörd', 'as it was', 'v1.k1.no']);
  });

  test('says by code what it cannot open, and quotes neither password nor key', async () => {
    const sealed = createVault({ storage: 'sealed', keys: KEYS }).seal('canary', ALICE);
    const codesWith = async (keys: string, user: string) => {
      const refused = (await inConsumer(OPEN, keys, user, sealed, '')) as readonly {
        readonly code: string;
      }[];
      expect(JSON.stringify(refused)).not.toMatch(/canary|[A-Za-z0-9+/]{20}/);
      return refused.map(({ code }) => code);
    };
    expect(await codesWith(KEYS, 'auth0|bob')).toEqual([
      'CREDENTIAL_NOT_OPENED',
      'NO_PASSWORD',
      'NO_PASSWORD',
    ]);
    expect(await codesWith(generateKey('k1'), ALICE)).toContain('CREDENTIAL_NOT_OPENED');
    expect(await codesWith(generateKey('k2'), ALICE)).toContain('CREDENTIAL_KEY_MISSING');
    expect(await codesWith('', ALICE)).toContain('CREDENTIAL_KEY_MISSING');
    expect(await codesWith('k1:canary', ALICE)).toContain('CREDENTIAL_KEYS_INVALID');
  });

  test('has types, and no other part of the package can be imported', async () => {
    const file = join(consumer, 'login.ts');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', ''];
    const check = async (source: string) => {
      await writeFile(file, source);
      return run(process.execPath, [TSC, ...options, file], { cwd: consumer }).then(
        () => 'compiles',
        ({ stdout }: { readonly stdout: string }) => stdout,
      );
    };
    const imported = `import { openPassword } from 'concord/credentials';`;
    expect(await check(`${imported} export const password: string = openPassword('a', 'b', 'c');`)).toBe(
      'compiles',
    );
    expect(await check(`${imported} openPassword({ password: 'a' }, 'b');`)).toMatch(/TS2345/);
    const refused = `
      const code = (name) => import(name).then(() => 'imported', (error) => error.code);
      const codes = await Promise.all(['concord', 'concord/dist/envelope.js', 'concord/credentials'].map(code));
      console.log(JSON.stringify(codes));`;
    expect(await inConsumer(refused)).toEqual([
      ...['ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_PACKAGE_PATH_NOT_EXPORTED', 'imported'],
    ]);
  });
});
