/**
 * The users of one Auth0 tenant. Reads by id and by address are immediately consistent; listings are
 * not, and are capped at 1,000 users, beyond which only an export job lists all.
 * Source: auth0.com/docs, user search best practices; list and search users; bulk user exports.
 */
import { z } from 'zod';
import { UpstreamError } from '../errors.ts';
import type { InexactReason } from '../events/inexact.ts';
import type { Auth0UserId } from '../identity.ts';
import type { Auth0Answer, Auth0User, Directory, UnreadableRow, UserPage } from '../ports/auth0.ts';
import type { Refusal } from '../upstream/interpret.ts';
import type { Auth0Client } from './client.ts';
import { EXPORT_PAGE_SIZE, exportUsers } from './export.ts';
import { type ReadRows, readRows, USER_FIELDS, UserAnswer } from './user.ts';

export interface DirectoryOptions {
  /** Milliseconds that an export job may take. Default 600,000. */
  readonly exportTimeoutMs?: number | undefined;
}

/**
 * Every method throws UpstreamError; none has an effect, so all may be repeated. Beside the codes of
 * `failures.ts`, the listings throw LISTING_GONE, EXPORT_FAILED and EXPORT_TIMEOUT, all of them retryable.
 */
export function createDirectory(client: Auth0Client, options: DirectoryOptions = {}): Directory {
  const exporting = { countUsers: () => countUsers(client), timeoutMs: options.exportTimeoutMs };
  return {
    user: (id) => readUser(client, id),
    usersByEmail: (email) =>
      client.call({
        method: 'GET',
        route: 'users.byEmail',
        send: async (sdk) => (await sdk.users()).listUsersByEmail({ email, ...FIELDS }).withRawResponse(),
        bucket: 'users',
        parse: (body) => z.array(UserAnswer).parse(body),
      }),
    usersByIdentity: (id) => usersByIdentity(client, id),
    everyone: async function* (listing) {
      if (listing !== undefined) {
        yield* exportUsers(client, { ...exporting, listing });
        return;
      }
      const users = await listUsers(client, undefined);
      yield* users === 'too-many' ? exportUsers(client, exporting) : pagesOf(users);
    },
    newest: (count) => newestUsers(client, count),
    changedSince: async function* (since) {
      const users = await listUsers(client, `updated_at:[${since.toISOString()} TO *]`);
      yield* users === 'too-many' ? exportUsers(client, { ...exporting, since }) : pagesOf(users);
    },
  };
}

function* pagesOf({ users, unreadable, inexact }: Listed): Iterable<UserPage> {
  const total = users.length + unreadable.length;
  if (unreadable.length > 0 || inexact !== undefined) yield { users: [], unreadable, total, inexact };
  for (let from = 0; from < users.length; from += EXPORT_PAGE_SIZE) {
    yield { users: users.slice(from, from + EXPORT_PAGE_SIZE), total };
  }
}

const FIELDS = { fields: USER_FIELDS.join(','), include_fields: true };

async function readUser(client: Auth0Client, id: Auth0UserId): Promise<Auth0Answer> {
  return client.call<Auth0Answer>({
    method: 'GET',
    route: 'users.get',
    send: async (sdk) => (await sdk.users()).get(id, FIELDS).withRawResponse(),
    bucket: 'users',
    parse: (body) => UserAnswer.refine((user) => user.userId === id, { path: ['user_id'] }).parse(body),
    refusal: (answer) => (saysNoSuchUser(answer) ? 'absent' : saysNoUserId(answer) ? 'invalid' : undefined),
  });
}

/** The user that this id is linked into, or the user itself. An id without a provider is no identity. */
async function usersByIdentity(client: Auth0Client, id: Auth0UserId): Promise<readonly Auth0User[]> {
  const [provider = '', ...rest] = id.split('|');
  if (rest.length === 0) return [];
  const q = `identities.user_id:${quoted(rest.join('|'))} AND identities.provider:${quoted(provider)}`;
  const { users } = await readPage(client, 0, PER_PAGE, q);
  const isOdd = ({ userId, unusable }: Auth0User) =>
    userId !== id && unusable?.includes('identities') === true;
  if (users.unreadable.length > 0 || users.users.some(isOdd)) {
    const message = 'A user who may have the identity cannot be read.';
    throw new UpstreamError(message, { upstream: 'auth0', code: 'UNEXPECTED_ANSWER', retryable: false });
  }
  // Each half of the search may be met by another identity of one user.
  return users.users.filter(({ userId, linked = [] }) => userId === id || linked.includes(id));
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const NoSuchUser = z.object({
  statusCode: z.literal(404),
  errorCode: z.literal('inexistent_user').optional(),
});

/**
 * A 404 counts only when it is Auth0's own about a user: a wrong path or a proxy also says 404, and
 * "absent" is one of the two proofs on which an account may be removed.
 */
function saysNoSuchUser({ status, body }: Refusal): boolean {
  return status === 404 && NoSuchUser.safeParse(body).success;
}

const NoUserId = z.object({ statusCode: z.literal(400), errorCode: z.literal('invalid_uri') });

/** "Path validation error: 'Object didn't pass validation for format user-id-with-max-length: …' on property id". */
function saysNoUserId({ status, body }: Refusal): boolean {
  return status === 400 && NoUserId.safeParse(body).success;
}

// ── Small tenants: pages ──

/** The most users that Auth0 returns for a search; a total at this cap may be cut off. */
const MAX_LISTED = 1_000;
const PER_PAGE = 100;
/** A linked identity brings its tokens along. */
const MAX_PAGE_BYTES = 32 * 1024 * 1024;
const MAX_LISTINGS = 3;

export const UserPageAnswer = z.object({
  total: z.number().int().nonnegative(),
  users: z.array(z.unknown()).transform(readRows),
});

/** With `q`, of the users that this search finds. */
async function readPage(
  client: Auth0Client,
  page: number,
  perPage: number,
  q: string | undefined,
  sort: 'created_at:1' | 'created_at:-1' = 'created_at:1',
) {
  return client.call({
    method: 'GET',
    route: 'users.list',
    // Oldest first: users who sign up meanwhile come at the end, where the next page finds them.
    send: async (sdk) =>
      (await sdk.users()).list({
        page,
        per_page: perPage,
        include_totals: true,
        sort,
        q: q ?? null,
        ...FIELDS,
      }),
    bucket: 'users',
    maxBytes: MAX_PAGE_BYTES,
    parse: (body) => UserPageAnswer.parse(body),
  });
}

/** A user who signs up meanwhile moves the others on by one, so that one of them may come twice. */
async function newestUsers(client: Auth0Client, count: number): Promise<UserPage> {
  const users = new Map<Auth0UserId, Auth0User>();
  const unreadable: UnreadableRow[] = [];
  for (let page = 0; page * PER_PAGE < Math.min(count, MAX_LISTED); page += 1) {
    const { users: rows } = await readPage(client, page, PER_PAGE, undefined, 'created_at:-1');
    for (const user of rows.users) users.set(user.userId, user);
    unreadable.push(...rows.unreadable);
    if (rows.users.length + rows.unreadable.length < PER_PAGE) break;
  }
  return { users: [...users.values()].slice(0, count), unreadable };
}

async function countUsers(client: Auth0Client): Promise<number> {
  return (await readPage(client, 0, 1, undefined)).total;
}

interface Listed extends ReadRows {
  readonly inexact: InexactReason | undefined;
}

/** The users of the first exact reading, or else all users found in any of several readings. */
async function listUsers(client: Auth0Client, q: string | undefined): Promise<Listed | 'too-many'> {
  const seen = new Map<Auth0UserId, Auth0User>();
  for (let listing = 1; ; listing += 1) {
    const read = await readAllPages(client, q);
    if (read === 'too-many' || read.inexact === undefined) return read;
    for (const user of read.users) seen.set(user.userId, user);
    if (listing === MAX_LISTINGS) return { ...read, users: [...seen.values()] };
  }
}

/**
 * Every page. A falling total means that a user may have been skipped: a deletion moves the users behind it
 * forward, across the edge of a page that has been read. Kept in memory, because it is short.
 */
async function readAllPages(client: Auth0Client, q: string | undefined): Promise<Listed | 'too-many'> {
  const users = new Map<Auth0UserId, Auth0User>();
  const unreadable: UnreadableRow[] = [];
  let total = 0;
  let rows = 0;
  let hasShrunk = false;
  for (let page = 0; page * PER_PAGE < MAX_LISTED; page += 1) {
    const answer = await readPage(client, page, PER_PAGE, q);
    if (answer.total >= MAX_LISTED) return 'too-many';
    if (answer.total < total) hasShrunk = true;
    total = answer.total;
    for (const user of answer.users.users) users.set(user.userId, user);
    unreadable.push(...answer.users.unreadable);
    const read = answer.users.users.length + answer.users.unreadable.length;
    rows += read;
    // A row that is left out of one page is no end of the list.
    if (read === 0 || (read < PER_PAGE && (page + 1) * PER_PAGE >= total)) {
      const distinct = users.size + unreadable.length;
      const inexact = hasShrunk ? 'changed-meanwhile' : inexactness({ total, rows, distinct });
      return { users: [...users.values()], unreadable, inexact };
    }
  }
  return 'too-many';
}

function inexactness(read: {
  readonly total: number;
  readonly rows: number;
  readonly distinct: number;
}): InexactReason | undefined {
  if (read.distinct < read.rows) return 'repeated-rows';
  if (read.distinct < read.total) return 'total-too-high';
  return read.distinct > read.total ? 'total-too-low' : undefined;
}
