/** The limit of creating accounts: the two calls that it takes, by fetch, and nothing recorded. */
import { randomBytes } from 'node:crypto';
import type { Pds } from '../../src/sandbox/servers/pds.ts';

export interface BarePds {
  /** One call for one code. */
  createInvite(): Promise<string>;
  createAccount(label: string, inviteCode: string): Promise<{ did: string; password: string }>;
  /** A login, as whoever checks an account by its password does it. */
  logIn(identifier: string, password: string): Promise<void>;
  get(method: string, params: Readonly<Record<string, string>>): Promise<unknown>;
}

export function barePds(pds: Pds): BarePds {
  const bypass = { 'x-ratelimit-bypass': pds.bypassKey };
  const admin = { authorization: `Basic ${Buffer.from(`admin:${pds.adminPassword}`).toString('base64')}` };
  const post = async (
    method: string,
    body: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${pds.url}/xrpc/com.atproto.${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bypass, ...headers },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  return {
    createInvite: async () => String((await post('server.createInviteCode', { useCount: 1 }, admin))['code']),
    createAccount: async (label, inviteCode) => {
      const password = randomBytes(16).toString('hex');
      const handle = label + pds.serviceDomain;
      const input = { handle, email: `${label}@example.com`, password, inviteCode };
      return { did: String((await post('server.createAccount', input))['did']), password };
    },
    logIn: async (identifier, password) => {
      await post('server.createSession', { identifier, password });
    },
    get: async (method, params) => {
      const url = `${pds.url}/xrpc/com.atproto.${method}?${new URLSearchParams(params)}`;
      const answer = await fetch(url, {
        headers: { ...bypass, ...(method.startsWith('admin') ? admin : {}) },
      });
      if (!answer.ok) throw new Error(`${method}: ${answer.status}`);
      return await answer.json();
    },
  };
}
