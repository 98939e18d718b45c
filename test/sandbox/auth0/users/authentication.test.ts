import { describe, expect, it } from 'vitest';
import { APPLICATION, managementApi, startTenant, TestClock, tokenOf } from '../tenant-under-test.ts';

function credentials(domain: string): Record<string, string> {
  return {
    grant_type: 'client_credentials',
    client_id: APPLICATION.clientId,
    client_secret: APPLICATION.clientSecret,
    audience: `https://${domain}/api/v2/`,
  };
}

function json(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

describe('token', () => {
  it('is given for the right secret, asked for as form or as JSON', async () => {
    const tenant = await startTenant();
    const body = credentials(tenant.domain);
    const form = await fetch(`${tenant.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams(body),
    });
    expect(await form.json()).toMatchObject({ token_type: 'Bearer', expires_in: 86_400 });
    expect((await fetch(`${tenant.url}/oauth/token`, json(body))).status).toBe(200);
  });

  it.each([
    [{ client_secret: 'wrong' }, 401, 'access_denied'],
    [{ client_id: 'wrong' }, 401, 'access_denied'],
    [{ grant_type: 'password' }, 403, 'unsupported_grant_type'],
    [{ audience: 'https://elsewhere.example.com/' }, 403, 'access_denied'],
  ])('is refused for %j with %i %s', async (wrong, status, error) => {
    const tenant = await startTenant();
    const response = await fetch(
      `${tenant.url}/oauth/token`,
      json({ ...credentials(tenant.domain), ...wrong }),
    );
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([status, error]);
  });

  it('lets do what the application was granted when it was issued', async () => {
    const tenant = await startTenant();
    const granted = await managementApi(tenant);
    tenant.grant(['read:logs']);
    const narrowed = await managementApi(tenant);
    expect((await granted('GET', '/users')).status).toBe(200);
    expect((await narrowed('GET', '/logs')).status).toBe(200);
    expect((await narrowed('GET', '/users')).body).toEqual({
      statusCode: 403,
      error: 'Forbidden',
      message: 'Insufficient scope, expected any of: read:users,read:user_idp_tokens',
      errorCode: 'insufficient_scope',
    });
    const answer = await fetch(`${tenant.url}/oauth/token`, json(credentials(tenant.domain)));
    expect(await answer.json()).toMatchObject({ scope: 'read:logs' });
  });

  it('opens every Management API route until it expires', async () => {
    const clock = new TestClock();
    const tenant = await startTenant({ clock: clock.read, tokenLifetimeS: 60 });
    const token = await tokenOf(tenant);
    const ask = async (authorization?: string, path = '/users') => {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await fetch(`${tenant.url}/api/v2${path}`, { headers });
      return [response.status, ((await response.json()) as { message?: string }).message];
    };
    expect(await ask(`Bearer ${token}`)).toEqual([200, undefined]);
    expect(await ask()).toEqual([401, 'Missing authentication']);
    expect(await ask(undefined, '/nowhere')).toEqual([401, 'Missing authentication']);
    expect(await ask('Bearer nonsense')).toEqual([401, 'Invalid token']);
    clock.advance(60_000);
    expect(await ask(`Bearer ${token}`)).toEqual([
      401,
      'Expired token received for JSON Web Token validation',
    ]);
  });

  it('can be made to expire early', async () => {
    const tenant = await startTenant();
    const call = await managementApi(tenant);
    tenant.expireTokens();
    expect((await call('GET', '/users')).status).toBe(401);
  });
});

describe('public sign-up', () => {
  const alice = {
    client_id: 'cli_1',
    email: 'Alice@example.com',
    password: 'correct horse',
    connection: 'Username-Password-Authentication',
  };

  it('makes an unverified user, whose email is verified by the link in the mail, once', async () => {
    const tenant = await startTenant();
    const response = await fetch(`${tenant.url}/dbconnections/signup`, json(alice));
    const { _id, ...rest } = (await response.json()) as { _id: string };
    expect(rest).toEqual({ email: 'alice@example.com', email_verified: false });
    const link = tenant.verificationLink(`auth0|${_id}`);
    expect((await fetch(link)).status).toBe(200);
    expect(tenant.user(`auth0|${_id}`)?.email_verified).toBe(true);
    expect((await fetch(link)).status).toBe(400);
    expect(tenant.logs.readable().map((entry) => entry.data.type)).toEqual(['ss', 'sv', 'fv']);
  });

  it('does not say that an address is taken', async () => {
    const tenant = await startTenant();
    await fetch(`${tenant.url}/dbconnections/signup`, json(alice));
    const again = await fetch(`${tenant.url}/dbconnections/signup`, json(alice));
    expect(again.status).toBe(400);
    expect(await again.json()).toEqual({
      name: 'BadRequestError',
      code: 'invalid_signup',
      description: 'Invalid sign up',
      statusCode: 400,
    });
    const invalid = await fetch(`${tenant.url}/dbconnections/signup`, json({ ...alice, email: 'alice' }));
    expect(invalid.status).toBe(400);
  });

  it('refuses a verification link that was sent to an address given up since', async () => {
    const tenant = await startTenant();
    const { user_id } = await tenant.signUp({ email: 'bob@example.com' });
    const link = tenant.verificationLink(user_id);
    await tenant.changeEmail(user_id, 'bob.new@example.com');
    expect((await fetch(link)).status).toBe(400);
    expect(tenant.user(user_id)?.email_verified).toBe(false);
  });
});

describe('log in', () => {
  it('counts, and is refused to a blocked user', async () => {
    const tenant = await startTenant();
    const { user_id } = await tenant.signUp({ email: 'bob@example.com' });
    expect((await tenant.logIn(user_id)).logins_count).toBe(1);
    await tenant.block(user_id);
    await expect(tenant.logIn(user_id)).rejects.toMatchObject({ code: 'user-blocked' });
    await tenant.unblock(user_id);
    expect((await tenant.logIn(user_id)).logins_count).toBe(2);
  });
});
