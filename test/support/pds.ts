/** The shared PDS, as a test sees it: names nobody else uses, and a thin caller that hides nothing. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type { SharedPds } from './global-setup.ts';

export function sharedPds(): SharedPds {
  return inject('pds');
}

/** What a sandbox of its own is started with to have the same build of the PDS. */
export function pdsBuild(): Readonly<Record<string, string>> {
  const names = ['CONCORD_PDS_NODE', 'CONCORD_PDS_PACKAGES'];
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']));
}

export interface Person {
  readonly handle: string;
  readonly email: string;
  readonly password: string;
}

/** A person such as alice or bob, with a handle and an address that no other test uses. */
export function person(name: string, serviceDomain = '.at.test'): Person {
  // Labels may have 18 characters; six random ones leave room for the name.
  const label = `${name}-${randomBytes(3).toString('hex')}`;
  return {
    handle: `${label}${serviceDomain}`,
    email: `${label}@example.com`,
    password: randomBytes(12).toString('hex'),
  };
}

export interface XrpcAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface XrpcCall {
  /** Query parameters; with `input` absent the call is a GET. */
  readonly params?: Readonly<Record<string, string>>;
  /** The body of a procedure, sent by POST. */
  readonly input?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls the PDS once and returns what it answered, whatever the status. */
export async function xrpc(url: string, method: string, call: XrpcCall = {}): Promise<XrpcAnswer> {
  const query = new URLSearchParams(call.params).toString();
  const response = await fetch(`${url}/xrpc/${method}${query === '' ? '' : `?${query}`}`, {
    method: call.input === undefined ? 'GET' : 'POST',
    headers: { ...(call.input === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers },
    ...(call.input === undefined ? {} : { body: JSON.stringify(call.input) }),
  });
  const text = await response.text();
  // Some procedures answer 200 with nothing.
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, headers: response.headers, body };
}

/** HTTP Basic, as the admin methods want it. createAccount refuses it. */
export function asAdmin(pds: Pick<SharedPds, 'adminPassword'>): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`admin:${pds.adminPassword}`).toString('base64')}` };
}

/** Takes the call out of every rate limit. */
export function unlimited(pds: Pick<SharedPds, 'bypassKey'>): Record<string, string> {
  return { 'x-ratelimit-bypass': pds.bypassKey };
}

type PdsAccess = Pick<SharedPds, 'url' | 'adminPassword' | 'bypassKey'>;

export async function createInviteCode(pds: PdsAccess): Promise<string> {
  const answer = await xrpc(pds.url, 'com.atproto.server.createInviteCode', {
    input: { useCount: 1 },
    headers: { ...asAdmin(pds), ...unlimited(pds) },
  });
  if (answer.status !== 200) throw new Error(`No invite code: ${JSON.stringify(answer.body)}`);
  return String(answer.body['code']);
}

/** Makes an account the way production does, with one single-use invite code, and returns its DID. */
export async function createAccount(pds: PdsAccess, who: Person): Promise<string> {
  const inviteCode = await createInviteCode(pds);
  const answer = await xrpc(pds.url, 'com.atproto.server.createAccount', {
    input: { ...who, inviteCode },
    headers: unlimited(pds),
  });
  if (answer.status !== 200) throw new Error(`No account: ${JSON.stringify(answer.body)}`);
  return String(answer.body['did']);
}
