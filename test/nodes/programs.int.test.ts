/**
 * The program on every Node that is supported: as `npm run build` makes it, and as it is installed from the package. The
 * servers that it talks to stay on the installed Node.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { npm, otherNode } from '../support/installed-apart.ts';
import { accountOf, join, type Member, memberOf } from '../support/member.ts';
import { person } from '../support/pds.ts';
import { type Platform, platform } from '../support/platform.ts';
import { type Build, documentOf, type Ended, runProcess, startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { NODES } from './versions.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A folder with `dist` and `config`. */
const folders: Record<'built' | 'installed', string> = { built: ROOT, installed: '' };
let temporary: string;

beforeAll(async () => {
  temporary = await mkdtemp(joinPath(tmpdir(), 'concord-test-'));
  const consumer = joinPath(temporary, 'consumer');
  await mkdir(consumer);
  // Builds it too, as `prepack` says.
  await npm(ROOT, undefined, 'pack', '--pack-destination', temporary);
  const [tarball = ''] = (await readdir(temporary)).filter((name) => name.endsWith('.tgz'));
  await npm(
    consumer,
    await otherNode(NODES[0]),
    'install',
    '--no-package-lock',
    joinPath(temporary, tarball),
  );
  folders.installed = joinPath(consumer, 'node_modules/concord');
});
afterAll(() => rm(temporary, { recursive: true, force: true }));

interface Commands {
  run(...args: readonly string[]): Promise<Ended>;
  serve(): ReturnType<typeof startProgram>;
}

function commandsOf({ env }: Platform, folder: string, node: string): Commands {
  const build: Build = { node, main: joinPath(folder, 'dist/main.js') };
  const config = ['--config', joinPath(folder, 'config/sandbox.yaml')];
  return {
    run: (...args) => runProcess([...config, '--json', ...args], { env, build }),
    serve: () => startProgram([...config, 'serve'], { env, build }),
  };
}

/** An account on the PDS, and the document that names it. */
function hasAccount(world: Platform, member: Member): Promise<unknown> {
  const engine = world.engine();
  return until(`${member.label} has an account`, () => accountOf(world, engine, member));
}

async function signUp({ auth0 }: Platform, name: string): Promise<Member> {
  const { email, password } = person(name);
  const { user_id } = await auth0.signUp({ email, password });
  await auth0.verifyEmail(user_id);
  return memberOf(user_id, email);
}

describe.each(NODES)('on Node %s', (version) => {
  test.each(['built', 'installed'] as const)(
    '%s: doctor, audit, plan, reconcile and serve',
    async (which) => {
      const { program } = await otherNode(version);
      const world = await platform();
      const { run, serve } = commandsOf(world, folders[which], program);
      const alice = join(world, 'alice');

      const doctor = await run('doctor');
      expect(doctor.stderr).not.toMatch(/Warning/);
      const { findings } = documentOf(doctor) as { findings: readonly { level: string; code: string }[] };
      expect(findings.filter(({ level }) => level === 'error')).toEqual([]);

      expect(await run('audit')).toMatchObject({ code: 2 });
      const plan = await run('plan', alice.user);
      expect(plan.stdout).toContain('create-account');

      expect(await run('reconcile', alice.user)).toMatchObject({ code: 0 });
      await hasAccount(world, alice);
      expect(await run('audit')).toMatchObject({ code: 0 });

      const serving = await serve();
      const url = await until('it listens', () => /"url":"([^"]+)"/.exec(serving.stderr())?.[1]);
      await until('it is ready', () => fetch(`${url}/readyz`).then(({ ok }) => ok));
      const authorization = world.logToken;
      world.auth0.logStream.add({
        endpoint: `${url}/webhooks/auth0/aesthetic`,
        authorization,
        format: 'JSONLINES',
      });
      await hasAccount(world, await signUp(world, 'bob'));
      expect((await fetch(`${url}/`)).status).toBeLessThan(500);
      serving.signal('SIGTERM');
      const { code, stderr } = await serving.ended;
      expect(code, stderr).toBe(0);
      expect(stderr).not.toMatch(/Warning/);
    },
  );
});
