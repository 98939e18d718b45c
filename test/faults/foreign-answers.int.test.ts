/**
 * Something else answers in the place of Auth0 or the PDS, or nothing can be reached under the name: a page of HTML, half of
 * an answer, a certificate that is not trusted, a name that DNS does not know. What Concord says of it is true, no user is
 * changed or quarantined for it, and afterwards everybody is whole.
 */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join as joinPath } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/wiring/engine.ts';
import { findingsOn } from '../doctor/patient.ts';
import { type AlertReceiver, alertReceiver } from '../support/alert-receiver.ts';
import { altered } from '../support/altered.ts';
import { everyoneSynced } from '../support/crowd.ts';
import { join, type Member } from '../support/member.ts';
import { type Overlay, type Platform, platform, TENANT } from '../support/platform.ts';
import { temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';
import { deliver, entryOf } from './support/scenarios.ts';
import { flawsOf } from './support/whole.ts';

const HTML = '<!doctype html><title>Maintenance</title><p>Back soon.';
const QUICK = {
  intervalMs: 100,
  openAfterMs: 100,
  closeAfterMs: 300,
  probeEveryMs: 100,
  requestTimeoutMs: 1_000,
};
/** So many tries would quarantine a user whose own fault it is. */
const ENGINE = { backoff: { firstMs: 50, factor: 1, maxMs: 50, jitter: 0 }, quarantineAfter: 3 };
const TRIES = 5;

/** Where Concord is told that the system is. */
interface Front {
  readonly url: string;
  /** Mends it in its place; undefined where only another address helps. */
  readonly mend?: () => void;
}

interface Fault {
  readonly name: string;
  front(origin: string): Promise<Front>;
  readonly code: string;
  /** What a person reads. */
  readonly says: RegExp;
}

function answering(text: (answered: string) => string): Fault['front'] {
  return async (origin) => {
    let isMended = false;
    const url = await altered(origin, () => (isMended ? undefined : { status: 200, text }));
    return {
      url,
      mend: () => {
        isMended = true;
      },
    };
  };
}

async function selfSigned(): Promise<Front> {
  const directory = await temporaryDirectory();
  const [key, cert] = [joinPath(directory, 'key.pem'), joinPath(directory, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const server = createServer({ key: await readFile(key), cert: await readFile(cert) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const FAULTS: readonly Fault[] = [
  {
    name: 'a page of HTML with 200',
    front: answering(() => HTML),
    code: 'UNEXPECTED_ANSWER',
    says: /200 with no JSON/,
  },
  {
    name: 'half of an answer',
    front: answering((body) => body.slice(0, Math.max(1, body.length / 2))),
    code: 'UNEXPECTED_ANSWER',
    says: /200 with no JSON/,
  },
  {
    name: 'a certificate that is not trusted',
    front: selfSigned,
    code: 'UNREACHABLE',
    says: /certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
  },
  {
    name: 'a name that DNS does not know',
    front: async () => ({ url: 'https://concord-test.invalid' }),
    code: 'UNREACHABLE',
    says: /DNS (does not know its name|does not answer) \((ENOTFOUND|EAI_AGAIN)\)/,
  },
];

interface System {
  readonly name: 'auth0' | 'pds';
  readonly alert: string;
  readonly finding: string;
  origin(world: Platform): string;
  at(world: Platform, url: string): Overlay;
}

const SYSTEMS: readonly System[] = [
  {
    name: 'auth0',
    alert: `unreachable:auth0:${TENANT}`,
    finding: 'AUTH0_UNREACHABLE',
    origin: ({ auth0 }) => auth0.url,
    at: ({ env, logToken }, managementUrl) => ({
      tenants: [
        {
          ...{ id: TENANT, domain: env['AUTH0_DOMAIN'], managementUrl, logTokens: [logToken] },
          ...{ clientId: env['AUTH0_CLIENT_ID'], clientSecret: env['AUTH0_CLIENT_SECRET'] },
        },
      ],
    }),
  },
  {
    name: 'pds',
    alert: 'unreachable:pds',
    finding: 'PDS_UNREACHABLE',
    origin: () => inject('pds').url,
    at: (_world, url) => ({ pds: { url } }),
  },
];

/** What the platform and the PDS have of this user. */
async function everythingOf(
  { db }: Platform,
  { accounts }: Engine,
  { user, email }: Member,
): Promise<string> {
  const stored = ['users', 'verifications', '@handles'].map((name) =>
    db.collection<{ _id: string }>(name).findOne({ _id: user }),
  );
  const [document] = await Promise.all(stored);
  const did = (document as { atproto?: { did: never } } | null)?.atproto?.did;
  const account = did === undefined ? 'none' : await accounts.account(did);
  return JSON.stringify([await Promise.all(stored), account, email]);
}

async function failed(world: Platform, { user }: Member, { code, says }: Fault): Promise<void> {
  const engine = world.engine();
  const subject = await until(`${user} has failed often`, async () => {
    const found = await engine.subjects.get(user);
    return found !== undefined && found.attempts >= TRIES ? found : undefined;
  });
  expect(subject).toMatchObject({ quarantined: false, failure: { code } });
  expect(subject.failure?.message).toMatch(says);
  expect(subject.conditions.filter(({ message }) => message.includes(code))).not.toEqual([]);
  const account = subject.conditions.find(({ type }) => type === 'account');
  expect(account?.status ?? 'Unknown').toBe('Unknown');
}

async function whole(world: Platform, receiver: AlertReceiver, alert: string, members: readonly Member[]) {
  const engine = world.engine();
  await until('everybody is in sync', () => everyoneSynced(world, members));
  for (const member of members) expect(await flawsOf(world, engine, member, { handle: 'code' })).toEqual([]);
  await until('the alert is closed', () =>
    receiver.told.some(({ type, cause }) => type === 'closed' && cause === alert),
  );
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI'] !== undefined) throw new Error('openssl is needed for a certificate.');
    process.stdout.write('SKIPPED: a certificate that is not trusted needs openssl on the PATH\n');
    return false;
  }
}

const possible = FAULTS.filter(({ front }) => front !== selfSigned || hasOpenssl());

describe.each(SYSTEMS)('$name', (system) => {
  test.each(possible)('$name', async (fault) => {
    const world = await platform();
    const engine = world.engine();
    await engine.prepare();
    const receiver = await alertReceiver();
    const alerts = { ...QUICK, receivers: [{ name: 'pager', format: 'json', url: receiver.url }] };
    const settings = { alerts, engine: ENGINE };
    const alice = join(world, 'alice');
    const before = await world.serve({ overlay: settings });
    await deliver(engine, alice, entryOf(alice, 'ss'));
    await until('alice is whole', () => everyoneSynced(world, [alice]));
    await before.stop();
    const had = await everythingOf(world, engine, alice);

    const { url, mend } = await fault.front(system.origin(world));
    const elsewhere = system.at(world, url);
    const during = await world.serve({ overlay: { ...settings, ...elsewhere } });
    const bob = join(world, 'bob');
    for (const [member, type] of [
      [alice, 'scu'],
      [bob, 'ss'],
    ] as const)
      await deliver(engine, member, entryOf(member, type));
    await Promise.all([failed(world, alice, fault), failed(world, bob, fault)]);
    const opened = await until('an alert is open', () =>
      receiver.told.find(({ cause }) => cause === system.alert),
    );
    expect(opened).toMatchObject({ type: 'opened', what: expect.stringMatching(fault.says) });
    const findings = await findingsOn(world, { overlay: elsewhere });
    expect(findings).toContainEqual(
      expect.objectContaining({ code: system.finding, what: expect.stringMatching(fault.says) }),
    );
    expect(await everythingOf(world, engine, alice)).toBe(had);

    mend?.();
    if (mend === undefined) {
      await during.stop();
      await world.serve({ overlay: settings });
    }
    await whole(world, receiver, system.alert, [alice, bob]);
  });
});
