/**
 * A database of before Concord to try docs/migration.md on, by hand: a real MongoDB, PDS and stand-in Auth0 with the
 * people of test/fixtures/old-platform.json. Then, in the same directory: npm run -s concord -- --sandbox import
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SANDBOX_FILE } from '../../src/commands/command.ts';
import { startWorld } from '../../src/sandbox/world.ts';
import { loadOldPlatform } from './old-platform.ts';

const world = await startWorld({
  keepDir: undefined,
  users: 0,
  onPart: (name, detail) => void process.stdout.write(`${name}: ${detail}\n`),
});
const { db, pds, auth0 } = world;
const people = await loadOldPlatform({ db, pds, addUser: (user) => auth0.addUser(user) });
const env = { ...world.env, CONCORD_CREDENTIAL_STORAGE: 'plaintext' };
mkdirSync(dirname(SANDBOX_FILE), { recursive: true });
writeFileSync(SANDBOX_FILE, JSON.stringify({ pid: process.pid, env }), { mode: 0o600 });
process.stdout.write(`${people.length} people of before Concord are there. Ctrl-C ends it.\n`);
process.once('SIGINT', () => {
  rmSync(SANDBOX_FILE, { force: true });
  void world.stop();
});
