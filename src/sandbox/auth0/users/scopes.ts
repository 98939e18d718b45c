/** What a token may do: any one of the scopes that the contract names for a call is enough. */

/** The grant of the application. Tokens that are out keep what they were issued with. */
export class Grant {
  scopes: readonly string[] = [...new Set(Object.values(SCOPES).flat())];
}

/** By method and route, as `security` in Auth0's own description of the Management API has it. */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  'GET /users': ['read:users', 'read:user_idp_tokens'],
  'GET /users/:id': ['read:users', 'read:current_user', 'read:user_idp_tokens'],
  'GET /users-by-email': ['read:users'],
  'POST /users': ['create:users'],
  'PATCH /users/:id': ['update:users', 'update:users_app_metadata', 'update:current_user_metadata'],
  'DELETE /users/:id': ['delete:users', 'delete:current_user'],
  'POST /users/:id/identities': ['update:users', 'update:current_user_identities'],
  'DELETE /users/:id/identities/:provider/:user_id': ['update:users', 'update:current_user_identities'],
  'GET /users/:id/logs': ['read:logs', 'read:logs_users'],
  'GET /logs': ['read:logs', 'read:logs_users'],
  'GET /logs/:id': ['read:logs', 'read:logs_users'],
  'GET /log-streams': ['read:log_streams'],
  'GET /log-streams/:id': ['read:log_streams'],
  'POST /log-streams': ['create:log_streams'],
  'PATCH /log-streams/:id': ['update:log_streams'],
  'DELETE /log-streams/:id': ['delete:log_streams'],
  'GET /event-streams': ['read:event_streams'],
  'POST /jobs/users-exports': ['read:users'],
  'GET /jobs/:id': ['create:users', 'read:users'],
};

/** None for an unknown route: every caller with a token gets 404. */
export function scopesFor(method: string, route: string | undefined): readonly string[] {
  return SCOPES[`${method} ${route?.replace(/^\/api\/v2/, '') ?? ''}`] ?? [];
}
