/**
 * Which user a log entry is about.
 *
 * | entry                                        | subject                                  | hint    |
 * |----------------------------------------------|------------------------------------------|---------|
 * | sdu, du                                      | user_id                                  | deleted |
 * | sapi, fapi, mgmt_api_read                    | the user named by the path of the request |        |
 * |   sapi, DELETE /api/v2/users/{id} exactly    | the same                                 | deleted |
 * |   POST /api/v2/users                         | user_id in the body of the answer        |         |
 * | every other code, known or not (sd is a delegation token) | user_id                     |         |
 *
 * An id that is not `provider|id` names no user: a login name of a failed login, `…@clients`, or the `undefined` in the
 * path of another program's wrong call.
 *
 * The `user_id` of a Management API entry is the actor, an administrator, and never the subject.
 */
import { z } from 'zod';
import type { EventOf } from '../../events/event.ts';
import type { IgnoreReason } from '../../events/ignored.ts';
import { type Auth0UserId, hasControl, MAX_AUTH0_USER_ID_LENGTH, parseAuth0UserId } from '../../identity.ts';

export type DeletionHint = EventOf<'auth0.log-received'>['data']['hint'];

export type Subject =
  | { readonly type: 'user'; readonly userId: Auth0UserId; readonly hint: DeletionHint }
  | { readonly type: 'none'; readonly reason: Exclude<IgnoreReason, 'excluded'> }
  | { readonly type: 'unreadable'; readonly reason: string };

const NO_SUBJECT = { type: 'none', reason: 'no-subject' } as const satisfies Subject;
const DELETION_CODES: ReadonlySet<string> = new Set(['sdu', 'du']);
const MANAGEMENT_CODES: ReadonlySet<string> = new Set(['sapi', 'fapi', 'mgmt_api_read']);
/** `/api/v2/users`, then the user if there is one, then the path below the user. */
const USERS_PATH = /^(?:https?:\/\/[^/]+)?\/api\/v2\/users(?:\/([^/?#]*))?(\/[^?#]*)?(?:[?#]|$)/;

const ManagementDetails = z.object({
  request: z.object({ method: z.string(), path: z.string() }),
  response: z
    .object({ body: z.object({ user_id: z.unknown().optional() }) })
    .optional()
    .catch(undefined),
});

export function readSubject(
  code: string,
  data: { readonly user_id?: unknown; readonly details?: unknown },
): Subject {
  if (MANAGEMENT_CODES.has(code)) return managementSubject(code, data.details);
  return subjectFrom(data.user_id, 'data.user_id', DELETION_CODES.has(code) ? 'deleted' : null);
}

export function subjectFrom(value: unknown, field: string, hint: DeletionHint): Subject {
  if (value === undefined || value === null || value === '') return NO_SUBJECT;
  if (typeof value !== 'string') return { type: 'unreadable', reason: `${field} is not a string` };
  if (value.length > MAX_AUTH0_USER_ID_LENGTH) {
    return { type: 'unreadable', reason: `${field} is longer than ${MAX_AUTH0_USER_ID_LENGTH} characters` };
  }
  if (hasControl(value)) {
    return { type: 'unreadable', reason: `${field} has control characters or half a surrogate pair` };
  }
  // Bytes that were not UTF-8 have become this character, so this is not the intended id.
  if (value.includes('\ufffd')) return { type: 'unreadable', reason: `${field} is not valid UTF-8` };
  const userId = parseAuth0UserId(value);
  return userId === undefined ? { type: 'none', reason: 'not-a-user-id' } : { type: 'user', userId, hint };
}

function managementSubject(code: string, details: unknown): Subject {
  const call = ManagementDetails.safeParse(details);
  if (!call.success) return NO_SUBJECT;
  const { request, response } = call.data;
  const path = USERS_PATH.exec(request.path);
  if (path === null) return NO_SUBJECT;
  const [, encodedId = '', below = ''] = path;
  const method = request.method.toUpperCase();
  if (encodedId === '') {
    if (method !== 'POST') return NO_SUBJECT;
    return subjectFrom(response?.body.user_id, 'data.details.response.body.user_id', null);
  }
  const id = decoded(encodedId);
  if (id === undefined) {
    return { type: 'unreadable', reason: 'data.details.request.path has a malformed escape' };
  }
  const deletes = code === 'sapi' && method === 'DELETE' && (below === '' || below === '/');
  return subjectFrom(id, 'the user in data.details.request.path', deletes ? 'deleted' : null);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
