/** One thing that is broken, and what `doctor` says of it: that, and nothing else. */
import { inject } from 'vitest';
import { generateKey } from '../../src/credentials/vault.ts';
import { eventId } from '../../src/identity.ts';
import { type AlteredAnswer, altered } from '../support/altered.ts';
import { unusedOrigin } from '../support/local-server.ts';
import { createAccount, person, sharedPds } from '../support/pds.ts';
import { TENANT } from '../support/platform.ts';
import {
  type Broken,
  described,
  type Healthy,
  HOUR_MS,
  handles,
  PATH,
  readLog,
  tenantWith,
  users,
  withCodes,
  withEvent,
  withPassword,
  withPds,
  withScopes,
  withStored,
  withStream,
} from './patient.ts';

export interface Fault {
  readonly name: string;
  readonly code: string;
  /** What the finding names, and what mends it. */
  readonly what: RegExp;
  readonly mend: RegExp;
  readonly breakIt: (world: Healthy) => Promise<Broken>;
}
/** Answers as another directory would. */
async function withPlc(alter: (path: string) => AlteredAnswer): Promise<Broken> {
  return { overlay: { pds: { plcUrl: await altered(sharedPds().plcUrl, alter) } } };
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'the index on codes is gone',
    code: 'INDEX_MISSING',
    what: /users\.code has no unique index/,
    mend: /doctor --fix/,
    breakIt: (world) => withCodes(world, undefined),
  },
  {
    name: 'the index on codes is not unique',
    code: 'INDEX_UNFIT',
    what: /users\.code has the index code_1, which is not unique/,
    mend: /doctor --fix/,
    breakIt: (world) => withCodes(world, { name: 'code_1' }),
  },
  {
    name: 'the index on codes covers only some documents',
    code: 'INDEX_UNFIT',
    what: /code_unique, which covers only part/,
    mend: /doctor --fix/,
    breakIt: (world) =>
      withCodes(world, {
        name: 'code_unique',
        unique: true,
        partialFilterExpression: { code: { $gt: 'b' } },
      }),
  },
  {
    name: 'two users have one code',
    code: 'INDEX_DUPLICATES',
    what: /documents share ac25babab \(auth0\|0, auth0\|1\)/,
    mend: /Decide whose it is/,
    breakIt: (world) => withCodes(world, { name: 'code_1' }, ['ac25babab', 'ac25babab', 'ac25babac']),
  },
  {
    name: 'the index on codes has the name of old',
    code: 'INDEX_LEFT_OVER',
    what: /users\.code has the index code_1, left over/,
    mend: /doctor --fix/,
    breakIt: (world) => withCodes(world, { name: 'code_1', unique: true, sparse: true }),
  },
  {
    name: 'the index on handles is gone',
    code: 'INDEX_MISSING',
    what: /@handles\.handle has no unique index/,
    mend: /doctor --fix/,
    breakIt: async (world) => {
      await handles(world).dropIndexes();
      return {
        restore: () => handles(world).createIndex({ handle: 1 }, { name: 'handle_1', unique: true }),
      };
    },
  },
  {
    name: 'a stored password was sealed with a key that is not there',
    code: 'CREDENTIAL_KEY_MISSING',
    what: /sealed with the key k0, which is not in CONCORD_CREDENTIAL_KEYS/,
    mend: /Put it back at the end of the list/,
    breakIt: (world) => withPassword(world, generateKey('k0')),
  },
  {
    name: 'a stored password was sealed with another key of that name',
    code: 'CREDENTIAL_KEY_DIFFERS',
    what: /The key k1 in CONCORD_CREDENTIAL_KEYS is not the one/,
    mend: /Put the right one in its place/,
    breakIt: (world) => withPassword(world, generateKey('k1')),
  },
  {
    name: 'a subject is no user',
    code: 'SUBJECTS_NOT_USERS',
    what: /1 subject is not a user: "nobody1"/,
    mend: /concord doctor --fix$/,
    breakIt: async (world) => {
      const subjects = world.db.collection<{ _id: string; tenant: string; userId: string }>(
        'concord.subjects',
      );
      await subjects.insertOne({ _id: 'nobody1', tenant: TENANT, userId: 'nobody1' });
      return { restore: () => subjects.deleteOne({ _id: 'nobody1' }) };
    },
  },
  {
    name: 'a password is stored in plaintext, and credentials.storage is not set',
    code: 'CREDENTIAL_STORAGE_UNSET',
    what: /in plaintext \(users\.atproto\.password\), and credentials\.storage is not set/,
    mend: /break platform code.*storage: plaintext.*openPassword from 'concord\/credentials'.*credentials seal$/,
    breakIt: (world) => withStored(world, 'canary-plain', null),
  },
  {
    name: 'passwords are to be sealed, and one is stored in plaintext',
    code: 'PASSWORDS_IN_PLAINTEXT',
    what: /storage is sealed, and some account passwords are stored in plaintext, such as that of auth0\|0/,
    mend: /concord credentials seal$/,
    breakIt: (world) => withStored(world, 'canary-plain', 'sealed'),
  },
  {
    name: 'passwords are to be stored in plaintext, and one is sealed',
    code: 'PASSWORDS_SEALED',
    what: /storage is plaintext, and some account passwords are sealed, such as that of auth0\|0/,
    mend: /Keep CONCORD_CREDENTIAL_KEYS set, and run: concord credentials unseal$/,
    breakIt: (world) => withPassword(world, world.env['CONCORD_CREDENTIAL_KEYS'], 'plaintext'),
  },
  {
    name: 'the user of MongoDB may only read',
    code: 'RIGHTS_LACKING',
    what: /may not: insert, update, createIndex on users;.*createCollection on the database/,
    mend: /readWrite/,
    breakIt: async (world) => {
      const name = world.db.databaseName;
      await world.db.command({ createUser: 'reader', pwd: 'canary-password', roles: ['read'] });
      const uri = new URL(inject('mongodUri'));
      uri.username = 'reader';
      uri.password = 'canary-password';
      uri.searchParams.set('authSource', name);
      return {
        overlay: { mongodb: { uri: uri.href } },
        restore: () => world.db.command({ dropUser: 'reader' }),
      };
    },
  },
  {
    name: 'Auth0 refuses the application',
    code: 'AUTH0_REFUSES',
    what: /auth0 oauth\.token answered 401/,
    mend: /clientSecret/,
    breakIt: async (world) => ({ overlay: tenantWith(world, { clientSecret: 'canary-not-the-secret' }) }),
  },
  {
    name: 'Auth0 is out of reach',
    code: 'AUTH0_UNREACHABLE',
    what: /auth0 oauth\.token could not be reached/,
    mend: /managementUrl/,
    breakIt: async (world) => ({ overlay: tenantWith(world, { managementUrl: await unusedOrigin() }) }),
  },
  ...(['read:users', 'read:logs', 'read:log_streams'] as const).map((scope) => ({
    name: `the application lacks ${scope}`,
    code: 'SCOPE_LACKING',
    what: new RegExp(`lacks the scope ${scope}\\.$`),
    mend: new RegExp(`grant ${scope}`),
    breakIt: (world: Healthy) => withScopes(world, scope),
  })),
  {
    name: 'little is left of Auth0’s limit',
    code: 'LITTLE_ROOM',
    what: /Auth0 allows \d+ more calls of 400/,
    mend: /requestsPerSecond/,
    breakIt: async (world) => {
      world.auth0.limit({ requestsPerSecond: 1, burst: 400 }, 30);
      return { restore: () => world.auth0.limit({ requestsPerSecond: 200, burst: 400 }, 400) };
    },
  },
  {
    name: 'there is no log stream',
    code: 'STREAM_MISSING',
    what: /No log stream delivers to \/webhooks\/auth0\/aesthetic/,
    mend: /Create Stream > Custom Webhook/,
    breakIt: async (world) => {
      await world.auth0.logStream.remove(world.stream);
      return {
        restore: () => {
          world.stream = world.addStream();
        },
      };
    },
  },
  {
    name: 'the log stream is paused',
    code: 'STREAM_PAUSED',
    what: /was paused in Auth0/,
    mend: /resume it/,
    breakIt: async (world) => {
      world.auth0.logStream.pause();
      return { restore: () => world.auth0.logStream.resume() };
    },
  },
  {
    name: 'Auth0 has suspended the log stream',
    code: 'STREAM_SUSPENDED',
    what: /has suspended the log stream/,
    mend: /Health: fix what it names/,
    breakIt: async (world) => {
      world.auth0.logStream.suspend();
      return { restore: () => world.auth0.logStream.resume() };
    },
  },
  {
    name: 'the log stream delivers to another tenant’s address',
    code: 'STREAM_ELSEWHERE',
    what: /delivers to http:\/\/127\.0\.0\.1:9\/webhooks\/auth0\/sotce, which does not end in/,
    mend: /set the payload URL to https:\/\/your-host\/webhooks\/auth0\/aesthetic/,
    breakIt: (world) =>
      withStream(world, { endpoint: 'http://127.0.0.1:9/webhooks/auth0/sotce?secret=canary' }),
  },
  {
    name: 'where the log stream delivers, something else answers',
    code: 'STREAM_ELSEWHERE',
    what: /delivers to http:\/\/127\.0\.0\.1:\d+\/webhooks\/auth0\/aesthetic, where a program that is not Concord answers \(404\)/,
    mend: /which process listens there/,
    breakIt: async (world) => withStream(world, { endpoint: `${world.auth0.url}${PATH}` }),
  },
  {
    name: 'where the log stream delivers, a Concord without this tenant answers',
    code: 'STREAM_ELSEWHERE',
    what: /where a Concord without this tenant answers/,
    mend: /which process listens there/,
    breakIt: async (world) => {
      const service = await world.serve({ overlay: tenantWith(world, { id: 'other' }) });
      const { restore } = await withStream(world, { endpoint: `${service.url}${PATH}` });
      return { restore: () => Promise.all([restore?.(), service.stop()]) };
    },
  },
  {
    name: 'the log stream sends another token',
    code: 'STREAM_TOKEN',
    what: /sends an Authorization that is not the token/,
    mend: /set Authorization to AUTH0_LOG_TOKEN/,
    breakIt: (world) => withStream(world, { authorization: 'canary-not-the-token' }),
  },
  {
    name: 'the log stream is filtered',
    code: 'STREAM_FILTERS',
    what: /leave out user\.success, management\.success, auth\.login\.success/,
    mend: /add these categories/,
    breakIt: (world) => withStream(world, { filters: [{ type: 'category', name: 'auth.signup.success' }] }),
  },
  {
    name: 'the log stream is one of prioritized logs',
    code: 'STREAM_PRIORITY',
    what: /delivers prioritized logs only/,
    mend: /not prioritized/,
    breakIt: (world) => withStream(world, { isPriority: true }),
  },
  {
    name: 'the log stream says that it is compressed',
    code: 'STREAM_ENCODING',
    what: /custom header Content-Encoding/,
    mend: /remove the custom header/,
    breakIt: (world) => withStream(world, { headers: [{ header: 'Content-Encoding', value: 'gzip' }] }),
  },
  {
    name: 'the log was last read longer ago than Auth0 keeps it',
    code: 'RETENTION_PASSED',
    what: /last read 3 days ago, and Auth0 keeps entries for 24 hours or more/,
    mend: /concord pull.*reconcile --all/,
    breakIt: async (world) => {
      await readLog(world.opened, 72);
      return { restore: () => readLog(world.opened, 0) };
    },
  },
  {
    name: 'the log was last read three days ago, and Auth0 keeps it for five',
    code: 'LOG_BEHIND',
    what: /last read 3 days ago/,
    mend: /concord pull --tenant aesthetic/,
    breakIt: async (world) => {
      await readLog(world.opened, 72);
      return { overlay: tenantWith(world, { logRetentionDays: 5 }), restore: () => readLog(world.opened, 0) };
    },
  },
  {
    name: 'a gap is open',
    code: 'GAP_OPEN',
    what: /Log entries of .* are lost/,
    mend: /concord reconcile --all/,
    breakIt: (world) => {
      const until = new Date(Date.now() - HOUR_MS).toISOString();
      return withEvent(world, 'gap.opened', { cause: 'retention-passed', from: until, until });
    },
  },
  {
    name: 'a run was halted',
    code: 'RUN_HALTED',
    what: /halted at .*: removals, 60 of 100, and the limit is 5/,
    mend: /concord approve run-1/,
    breakIt: (world) =>
      withEvent(world, 'sweep.halted', {
        ...{ run: eventId('run-1'), kind: 'removals', limit: 5, count: 60, of: 100, users: [] },
      }),
  },
  {
    name: 'the PDS is out of reach',
    code: 'PDS_UNREACHABLE',
    what: /pds health could not be reached/,
    mend: /PDS_URL/,
    breakIt: async () => ({ overlay: { pds: { url: await unusedOrigin() } } }),
  },
  {
    name: 'the PDS says that it is not well',
    code: 'PDS_UNREACHABLE',
    what: /pds health answered 503/,
    mend: /see its log/,
    breakIt: () => withPds((path) => (path.endsWith('_health') ? { status: 503 } : undefined)),
  },
  {
    name: 'the PDS refuses the administrator’s password',
    code: 'PDS_PASSWORD',
    what: /refuses the administrator’s password/,
    mend: /PDS_ADMIN_PASSWORD/,
    breakIt: async () => ({ overlay: { pds: { adminPassword: 'canary-not-the-password' } } }),
  },
  {
    name: 'the PDS asks for no invite codes',
    code: 'INVITES_NOT_REQUIRED',
    what: /creates accounts without invite codes/,
    mend: /PDS_INVITE_REQUIRED=true/,
    breakIt: () => withPds(described({ inviteCodeRequired: false })),
  },
  {
    name: 'the PDS offers no domain',
    code: 'NO_HANDLE_DOMAIN',
    what: /offers no domain/,
    mend: /PDS_SERVICE_HANDLE_DOMAINS/,
    breakIt: () => withPds(described({ availableUserDomains: [] })),
  },
  {
    name: 'the PDS offers a domain that no handle may be under',
    code: 'HANDLE_DOMAIN_REFUSED',
    what: /offers \.at\.local, under which/,
    mend: /PDS_SERVICE_HANDLE_DOMAINS/,
    breakIt: () => withPds(described({ availableUserDomains: ['.at.local'] })),
  },
  {
    name: 'the accounts in the documents are under another domain',
    code: 'HANDLE_DOMAIN_DIFFERS',
    what: /offers \.at\.test, and 2 of 3 accounts in the documents are under another domain, such as \.at\.other\.test/,
    mend: /PDS_URL is the PDS of these accounts/,
    breakIt: async (world) => {
      const names = ['ada.at.other.test', 'birch.at.other.test', 'cedar.at.test'];
      await users(world).insertMany(names.map((handle, at) => ({ _id: `auth0|${at}`, atproto: { handle } })));
      return { restore: () => users(world).deleteMany({}) };
    },
  },
  {
    name: 'the PDS does not take the bypass key',
    code: 'BYPASS_KEY',
    what: /counts our calls although/,
    mend: /PDS_RATE_LIMIT_BYPASS_KEY/,
    breakIt: async () => ({ overlay: { pds: { rateLimitBypassKey: 'canary-not-the-key' } } }),
  },
  {
    name: 'little is left of the PDS’s limit',
    code: 'LITTLE_ROOM',
    what: /The PDS allows 40 more calls of 3000/,
    mend: /requestsPerSecond/,
    breakIt: () =>
      withPds(() => ({ headers: { 'ratelimit-limit': '3000', 'ratelimit-remaining': '40' } }), {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference, as in a file of settings.
        rateLimitBypassKey: '${NO_KEY:-}',
      }),
  },
  {
    name: 'the PLC directory does not answer the PDS',
    code: 'PLC_UNREACHABLE',
    what: /no answer from the PLC directory/,
    mend: /PDS_DID_PLC_URL/,
    breakIt: () =>
      withPds((path) =>
        path.endsWith('updateAccountHandle')
          ? { status: 502, body: { error: 'UpstreamFailure', message: 'Unable to perform PLC operation' } }
          : undefined,
      ),
  },
  {
    name: 'the PLC directory of the settings is out of reach',
    code: 'PLC_URL_UNREACHABLE',
    what: /plc document could not be reached/,
    mend: /PDS_DID_PLC_URL/,
    breakIt: async () => ({ overlay: { pds: { plcUrl: await unusedOrigin() } } }),
  },
  {
    name: 'the PLC directory of the settings fails',
    code: 'PLC_URL_UNREACHABLE',
    what: /plc document answered 502/,
    mend: /PDS_DID_PLC_URL/,
    breakIt: () => withPlc(() => ({ status: 502 })),
  },
  {
    name: 'the PLC directory of the settings is a PDS',
    code: 'PLC_URL_WRONG',
    what: /is not a PLC directory/,
    mend: /Set PDS_DID_PLC_URL to what the PDS itself was started with/,
    breakIt: async () => ({ overlay: { pds: { plcUrl: sharedPds().url } } }),
  },
  {
    name: 'the PLC directory of the settings has a document for every DID',
    code: 'PLC_URL_WRONG',
    what: /is not a PLC directory/,
    mend: /PDS_DID_PLC_URL/,
    breakIt: () => withPlc((path) => ({ status: 200, body: { id: path.slice(1) } })),
  },
  {
    name: 'the PLC directory of the settings is not that of the PDS',
    code: 'PLC_URL_DIFFERS',
    what: /has none of \d accounts of the PDS, such as did:plc:[a-z2-7]{24}: the PDS uses another directory/,
    mend: /Set PDS_DID_PLC_URL to what the PDS itself was started with/,
    breakIt: async () => {
      for (const name of ['alice', 'bob'] as const) await createAccount(sharedPds(), person(name));
      return withPlc((path) => ({
        status: 404,
        body: { message: `DID not registered: ${path.slice(1)}` },
      }));
    },
  },
  {
    name: 'the clock of this machine is ten minutes ahead',
    code: 'CLOCK_OFF',
    what: /is 600 s ahead of that of MongoDB, Auth0, the PDS, which agree/,
    mend: /NTP/,
    breakIt: async () => ({ aheadMs: 600_000 }),
  },
];
