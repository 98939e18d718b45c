import { isDatabaseUser, primaryConnection, strategyOf, type TenantUser } from '../users/user.ts';

/** The inner object of a log entry. A type alias, so that it is assignable to the SDK's `Log`. */
export type LogData = {
  date: string;
  type: string;
  description: string;
  user_id?: string;
  user_name?: string;
  connection?: string;
  connection_id?: string;
  client_id?: string;
  client_name?: string;
  strategy?: string;
  strategy_type?: string;
  ip: string;
  user_agent?: string;
  details: Record<string, unknown>;
  log_id: string;
  tenant_name: string;
  environment_name: string;
  hostname: string;
};

/** A log entry as a stream sends it: `log_id` stands both outside and inside `data`. */
export interface LogEntry {
  readonly log_id: string;
  readonly data: LogData;
}

/** What an event says of itself; the log store adds date, id and tenant. */
export type LogDraft = Omit<LogData, 'date' | 'log_id' | 'tenant_name' | 'environment_name' | 'hostname'>;

/** Who wrote through the Management API, and how the request and its answer looked. */
export interface ManagementCall {
  readonly description: string;
  readonly method: string;
  readonly path: string;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
  readonly writer: { readonly type: 'application'; readonly clientId: string } | { readonly type: 'admin' };
}

/** A request of an application as its log entry has it. */
export function callOf(
  request: { readonly url: string; readonly method: string; readonly body: unknown },
  description: string,
  clientId: string,
): ManagementCall {
  const [path = ''] = request.url.split('?', 1);
  const writer = { type: 'application', clientId } as const;
  return { description, method: request.method, path, body: request.body, writer };
}

const ADMIN_USER_ID = 'auth0|admin0000000000000000001';
export const CONNECTION_ID = 'con_0000000000000001';
const CLIENT = { client_id: 'cli_1', client_name: 'web' };
const BROWSER = { ip: '203.0.113.7', user_agent: 'Firefox 143.0.0 / Linux 0.0.0' };

function subject(user: TenantUser): { user_id: string; user_name?: string } {
  const name = user.email ?? user.username;
  return { user_id: user.user_id, ...(name === undefined ? {} : { user_name: name }) };
}

function origin(user: TenantUser) {
  const id = isDatabaseUser(user) ? { connection_id: CONNECTION_ID } : {};
  return { connection: primaryConnection(user), ...id, ...strategyOf(user) };
}

export function signedUp(user: TenantUser, body: Record<string, unknown>): LogDraft {
  return {
    type: 'ss',
    description: '',
    ...subject(user),
    ...origin(user),
    ...CLIENT,
    ...BROWSER,
    details: { body },
  };
}

export function signupRefused(email: string, body: Record<string, unknown>): LogDraft {
  const description = 'The user already exists.';
  return {
    type: 'fs',
    description,
    user_name: email,
    ...CLIENT,
    ...BROWSER,
    details: { body, error: description },
  };
}

export function emailVerified(user: TenantUser, ticket: string, tenant: string): LogDraft {
  const connection = primaryConnection(user);
  const query = { user_id: user.user_id, email: user.email, tenant, connection, idp_user_id: null };
  return {
    type: 'sv',
    description: 'Your email was verified. You can continue using the application.',
    ...subject(user),
    connection,
    ...BROWSER,
    details: { title: 'Email Verified', email: user.email, body: { ticket, tenant }, query },
  };
}

export function verificationRefused(description: string, ticket: string): LogDraft {
  return { type: 'fv', description, ...BROWSER, details: { title: 'Error', body: { ticket } } };
}

/** @NOTE `email_verified` is a string here, and a boolean everywhere else: that is how Auth0 logs it. */
export function emailChanged(before: TenantUser, after: TenantUser): LogDraft {
  const body = {
    user_id: before.user_id,
    email: before.email,
    newEmail: after.email,
    email_verified: String(after.email_verified ?? false),
    verify: false,
  };
  return {
    type: 'sce',
    description: '',
    ...subject(before),
    ...origin(before),
    ip: BROWSER.ip,
    details: { body },
  };
}

export function usernameChanged(user: TenantUser): LogDraft {
  const details = { body: { user_id: user.user_id, username: user.username } };
  return { type: 'scu', description: '', ...subject(user), ...origin(user), ip: BROWSER.ip, details };
}

export function passwordChanged(user: TenantUser): LogDraft {
  const details = { email: user.email };
  return { type: 'scp', description: '', ...subject(user), ...origin(user), ip: BROWSER.ip, details };
}

/** The deletion of a database user. It names no client, and its body holds only connection and tenant. */
export function userDeleted(user: TenantUser, tenant: string): LogDraft {
  const details = { body: { connection: primaryConnection(user), tenant } };
  return { type: 'sdu', description: '', ...subject(user), ...origin(user), ip: BROWSER.ip, details };
}

export function loggedIn(user: TenantUser): LogDraft {
  const details = { stats: { loginsCount: user.logins_count ?? 0 } };
  return { type: 's', description: '', ...subject(user), ...origin(user), ...CLIENT, ...BROWSER, details };
}

export function loginRefused(user: TenantUser): LogDraft {
  const details = { error: { message: 'user is blocked' } };
  return {
    type: 'f',
    description: 'user is blocked',
    ...subject(user),
    ...origin(user),
    ...BROWSER,
    details,
  };
}

/**
 * A write through the Management API. `user_id` is the writer: an administrator, or an empty string for an application.
 * The subject of the write is in the path or in the answer, never here.
 */
export function managementWritten(call: ManagementCall, statusCode: number, answer: unknown): LogDraft {
  const isAdmin = call.writer.type === 'admin';
  const who =
    call.writer.type === 'admin'
      ? { user_id: ADMIN_USER_ID }
      : { user_id: '', client_id: call.writer.clientId, client_name: 'backend' };
  const request = {
    method: call.method.toLowerCase(),
    path: call.path,
    query: call.query ?? {},
    ...(call.body === undefined ? {} : { body: maskSecrets(call.body) }),
    channel: isAdmin ? 'https://manage.auth0.com/' : 'api',
    ip: BROWSER.ip,
    auth: { user: isAdmin ? { user_id: ADMIN_USER_ID } : {}, strategy: 'jwt', credentials: {} },
  };
  const details = { request, response: { statusCode, body: maskSecrets(answer) } };
  return { type: 'sapi', description: call.description, ...who, ip: BROWSER.ip, details };
}

/** A copy in which no secret can be read: Auth0 writes five asterisks, whatever the length. */
function maskSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRET_KEYS.has(key) ? '*****' : maskSecrets(inner)]),
  );
}

const SECRET_KEYS: ReadonlySet<string> = new Set(['password', 'client_secret', 'httpAuthorization']);
