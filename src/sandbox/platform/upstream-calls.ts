/** The platform's own calls to Auth0 and the PDS, with the credentials that Concord has too. */

const PATIENCE_MS = 10_000;

export interface PlatformAccess {
  readonly auth0: {
    readonly url: string;
    readonly domain: string;
    readonly clientId: string;
    readonly clientSecret: string;
  };
  readonly pds: { readonly url: string; readonly adminPassword: string; readonly bypassKey: string };
}

export class UpstreamCalls {
  readonly #access: PlatformAccess;
  #token: string | undefined;

  constructor(access: PlatformAccess) {
    this.#access = access;
  }

  /** The public sign-up of a database user. Answers the user id. */
  async signUp(email: string, password: string): Promise<string> {
    const body = { email, password, connection: 'Username-Password-Authentication' };
    const made = await send(`${this.#access.auth0.url}/dbconnections/signup`, 'POST', {}, body);
    return `auth0|${String(made['_id'])}`;
  }

  async block(userId: string): Promise<void> {
    await this.#manage('PATCH', userId, { blocked: true });
  }

  /** Also succeeds for a user that does not exist. */
  async deleteUser(userId: string): Promise<void> {
    await this.#manage('DELETE', userId);
  }

  /** With admin rights. Also succeeds for an account that does not exist. */
  async deleteAccount(did: string): Promise<void> {
    const { url, adminPassword, bypassKey } = this.#access.pds;
    const headers = {
      authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`,
      'x-ratelimit-bypass': bypassKey,
    };
    await send(`${url}/xrpc/com.atproto.admin.deleteAccount`, 'POST', headers, { did });
  }

  async #manage(method: string, userId: string, body?: unknown): Promise<void> {
    this.#token ??= await this.#newToken();
    const url = `${this.#access.auth0.url}/api/v2/users/${encodeURIComponent(userId)}`;
    await send(url, method, { authorization: `Bearer ${this.#token}` }, body);
  }

  async #newToken(): Promise<string> {
    const { url, domain, clientId, clientSecret } = this.#access.auth0;
    const request = {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      audience: `https://${domain}/api/v2/`,
    };
    return String((await send(`${url}/oauth/token`, 'POST', {}, request))['access_token']);
  }
}

async function send(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text.slice(0, 200)}`);
  return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
}
