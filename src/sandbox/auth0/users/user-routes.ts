import type { Management } from 'auth0';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import { callOf } from '../logs/log-entry.ts';
import { readBody } from '../request-body.ts';
import { PAGING, PROJECTION, pageOf, project, readQuery, readSearch, search, sortBy } from './listing.ts';
import type { InexactListings, OddFields } from './odd-values.ts';
import { primaryConnection, type TenantUser } from './user.ts';
import type { UserDirectory } from './user-directory.ts';
import type { UserStore } from './user-store.ts';

const ListQuery = z.strictObject({
  ...PAGING,
  ...PROJECTION,
  q: z.string().optional(),
  connection: z.string().optional(),
  search_engine: z.enum(['v3']).optional(),
  primary_order: z.enum(['true', 'false']).optional(),
});
const OneQuery = z.strictObject(PROJECTION);
const EmailQuery = z.strictObject({ ...PROJECTION, email: z.string() });

const metadata = z.record(z.string(), z.unknown()).exactOptional();
const Profile = {
  email: z.email().exactOptional(),
  email_verified: z.boolean().exactOptional(),
  blocked: z.boolean().exactOptional(),
  username: z.string().min(1).max(128).exactOptional(),
  phone_number: z
    .string()
    .regex(/^\+[0-9]{1,15}$/)
    .exactOptional(),
  phone_verified: z.boolean().exactOptional(),
  name: z.string().min(1).max(300).exactOptional(),
  nickname: z.string().min(1).max(300).exactOptional(),
  given_name: z.string().min(1).max(150).exactOptional(),
  family_name: z.string().min(1).max(150).exactOptional(),
  picture: z.url().exactOptional(),
  app_metadata: metadata,
  user_metadata: metadata,
  password: z.string().min(1).exactOptional(),
};
const CreateBody = z.strictObject({
  ...Profile,
  connection: z.string().min(1),
  user_id: z.string().max(255).regex(/^\S*$/).exactOptional(),
  verify_email: z.boolean().exactOptional(),
});
const UpdateBody = z.strictObject({
  ...Profile,
  connection: z.string().min(1).exactOptional(),
  client_id: z.string().min(1).exactOptional(),
  verify_email: z.boolean().exactOptional(),
  verify_phone_number: z.boolean().exactOptional(),
});

/** Values of these fields ignore case in a search; all others are compared as they stand. */
const CASELESS: ReadonlySet<string> = new Set(['email', 'name', 'nickname']);

export function addUserReadRoutes(
  api: FastifyInstance,
  users: UserStore,
  odd: OddFields,
  inexact: InexactListings,
): void {
  const listings = new Listings(users);

  api.get('/users', async (request) => {
    const query = readQuery(ListQuery, request.query);
    const found = listings.find(query.q, query.sort, query.connection);
    const page = pageOf(inexact.rows(found, query.page), query).map((user) =>
      project(odd.show(user, 'listing'), query.fields, query.include_fields),
    );
    if (!query.include_totals) return page satisfies Management.UserResponseSchema[];
    return {
      start: query.page * query.per_page,
      limit: query.per_page,
      length: page.length,
      total: inexact.total(found.length, query.page),
      users: page,
    } satisfies Management.ListUsersOffsetPaginatedResponseContent;
  });

  api.get<{ Params: { id: string } }>('/users/:id', async (request) => {
    const query = readQuery(OneQuery, request.query);
    const user = users.byId(readUserId(request.params.id));
    if (!user) throw new ApiError(404, 'The user does not exist.', 'inexistent_user');
    return project(
      odd.show(user, 'by-id'),
      query.fields,
      query.include_fields,
    ) satisfies Management.GetUserResponseContent;
  });

  api.get('/users-by-email', async (request) => {
    const query = readQuery(EmailQuery, request.query);
    const found = users.byEmail(query.email);
    return found.map((user) =>
      project(odd.show(user, 'by-email'), query.fields, query.include_fields),
    ) satisfies Management.UserResponseSchema[];
  });
}

export function addUserWriteRoutes(api: FastifyInstance, directory: UserDirectory, clientId: string): void {
  const call = (request: FastifyRequest, description: string) => callOf(request, description, clientId);

  api.post('/users', async (request, reply) => {
    const { user_id, verify_email: _mail, ...profile } = readBody(CreateBody, request.body);
    const made = directory.create(
      { ...profile, ...(user_id === undefined ? {} : { id: user_id }) },
      call(request, 'Create a User'),
    );
    return reply.code(201).send(made satisfies Management.CreateUserResponseContent);
  });

  api.patch<{ Params: { id: string } }>('/users/:id', async (request) => {
    const {
      connection: _connection,
      client_id: _client,
      verify_email: _mail,
      verify_phone_number: _sms,
      ...patch
    } = readBody(UpdateBody, request.body);
    const user = directory.update(readUserId(request.params.id), patch, call(request, 'Update a User'));
    return user satisfies Management.UpdateUserResponseContent;
  });

  api.delete<{ Params: { id: string } }>('/users/:id', async (request, reply) => {
    directory.remove(readUserId(request.params.id), call(request, 'Delete a User'));
    return reply.code(204).send();
  });
}

/** An id is `provider|id`; anything else is refused before the lookup. */
export function readUserId(id: string): string {
  if (/^[^|]+\|.+$/.test(id) && id.length <= 255) return id;
  const message = `Object didn't pass validation for format user-id-with-max-length: ${id}`;
  throw new ApiError(400, `Path validation error: '${message}' on property id.`, 'invalid_uri');
}

/** Results of searches, kept until the index changes, so that paging through thousands stays cheap. */
class Listings {
  readonly #users: UserStore;
  readonly #kept = new Map<string, TenantUser[]>();
  #version = -1;

  constructor(users: UserStore) {
    this.#users = users;
  }

  find(q: string | undefined, sort: string | undefined, connection: string | undefined): TenantUser[] {
    const { users, version } = this.#users.index();
    if (version !== this.#version) this.#kept.clear();
    this.#version = version;
    const key = JSON.stringify([q, sort, connection]);
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const tree = q === undefined || q === '' ? undefined : readSearch(q);
    const found = search(users, tree, CASELESS).filter(
      (user) => connection === undefined || primaryConnection(user) === connection,
    );
    const sorted = sortBy(found, sort, (user) => user.user_id);
    this.#kept.set(key, sorted);
    return sorted;
  }
}
