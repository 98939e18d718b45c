/**
 * What we read of an answer is what the SDKs' types say is in it. A field that an SDK renames, or gives another type, makes
 * this file fail to compile; nothing of it can fail while it runs.
 */
import type {
  ComAtprotoAdminDefs,
  ComAtprotoAdminGetAccountInfos,
  ComAtprotoIdentityResolveHandle,
  ComAtprotoServerCreateAccount,
  ComAtprotoServerCreateInviteCodes,
  ComAtprotoServerCreateSession,
  ComAtprotoServerDescribeServer,
  ComAtprotoSyncGetRepoStatus,
  ComAtprotoSyncListRepos,
} from '@atproto/api';
import type { Management } from 'auth0';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Changed, JobAnswer, StartedJob } from '../../src/auth0/export.ts';
import type { EventStreams, LogStreamsAnswer } from '../../src/auth0/inspection.ts';
import type { Identified, LogStreams } from '../../src/auth0/logs.ts';
import type { UserPageAnswer } from '../../src/auth0/management.ts';
import type { Identity, USER_FIELDS, UserAnswer } from '../../src/auth0/user.ts';
import type {
  AccountInfo,
  AccountInfos,
  Created,
  HandleDomains,
  Holder,
  InviteCodes,
  RepoPage,
  RepoRow,
  RepoStatus,
  ServiceDid,
  Session,
} from '../../src/pds/answers.ts';
import type { Invites, NoCodes } from '../../src/pds/inspection.ts';

/** Without the index signature that an SDK adds for fields of later versions. */
type Known<T> = { [K in keyof T as string extends K ? never : K]-?: Exclude<T[K], undefined> };

/** The fields that are read of an answer and that it does not have, or has as another type. */
type Differing<Answer, Read> = {
  [K in keyof Read]-?: K extends keyof Known<Answer> ? ([Known<Answer>[K]] extends [Read[K]] ? never : K) : K;
}[keyof Read];

type Differences<Answer, Schema extends z.ZodType> = Differing<Answer, z.input<Schema>>;
type Row<List> = List extends readonly (infer R)[] ? R : never;
type Field<T, K extends string> = T extends { [_ in K]?: infer F } ? NonNullable<F> : never;

test('users and listings of Auth0', () => {
  expectTypeOf<
    Exclude<(typeof USER_FIELDS)[number], keyof Known<Management.UserResponseSchema>>
  >().toBeNever();
  expectTypeOf<Differences<Management.GetUserResponseContent, typeof UserAnswer>>().toBeNever();
  expectTypeOf<Differences<Management.UserResponseSchema, typeof UserAnswer>>().toBeNever();
  expectTypeOf<Differences<Management.UserResponseSchema, typeof Changed>>().toBeNever();
  expectTypeOf<Differences<Management.UserIdentitySchema, typeof Identity>>().toBeNever();
  expectTypeOf<
    Differences<Management.ListUsersOffsetPaginatedResponseContent, typeof UserPageAnswer>
  >().toBeNever();
});

test('jobs of Auth0, whose status is any text for the SDK', () => {
  expectTypeOf<Differences<Management.CreateExportUsersResponseContent, typeof StartedJob>>().toBeNever();
  expectTypeOf<Differences<Management.GetJobResponseContent, typeof JobAnswer>>().toEqualTypeOf<'status'>();
});

test('logs and streams of Auth0', () => {
  type Sink = Field<Row<z.input<typeof LogStreamsAnswer>>, 'sink'>;
  type Stream = Row<z.input<typeof EventStreams>>;
  expectTypeOf<Differences<Management.Log, typeof Identified>>().toBeNever();
  expectTypeOf<
    Differing<Management.LogStreamHttpResponseSchema, Row<z.input<typeof LogStreams>>>
  >().toBeNever();
  expectTypeOf<
    Differing<Management.LogStreamHttpResponseSchema, Row<z.input<typeof LogStreamsAnswer>>>
  >().toBeNever();
  expectTypeOf<Differing<Management.LogStreamHttpSink, Sink>>().toBeNever();
  expectTypeOf<Differing<Management.EventStreamWebhookResponseContent, Stream>>().toBeNever();
  expectTypeOf<
    Differing<Management.EventStreamSubscription, Row<Field<Stream, 'subscriptions'>>>
  >().toBeNever();
});

test('accounts and repositories of the PDS', () => {
  expectTypeOf<Differences<ComAtprotoAdminDefs.AccountView, typeof AccountInfo>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoAdminGetAccountInfos.OutputSchema, typeof AccountInfos>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoSyncGetRepoStatus.OutputSchema, typeof RepoStatus>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoSyncListRepos.OutputSchema, typeof RepoPage>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoSyncListRepos.Repo, typeof RepoRow>>().toBeNever();
});

test('the other answers of the PDS', () => {
  expectTypeOf<Differences<ComAtprotoIdentityResolveHandle.OutputSchema, typeof Holder>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoServerCreateInviteCodes.OutputSchema, typeof InviteCodes>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoServerCreateInviteCodes.OutputSchema, typeof NoCodes>>().toBeNever();
  expectTypeOf<
    Differing<
      ComAtprotoServerCreateInviteCodes.AccountCodes,
      Row<Field<z.input<typeof InviteCodes>, 'codes'>>
    >
  >().toBeNever();
  expectTypeOf<Differences<ComAtprotoServerDescribeServer.OutputSchema, typeof HandleDomains>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoServerDescribeServer.OutputSchema, typeof ServiceDid>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoServerDescribeServer.OutputSchema, typeof Invites>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoServerCreateSession.OutputSchema, typeof Session>>().toBeNever();
  expectTypeOf<Differences<ComAtprotoServerCreateAccount.OutputSchema, typeof Created>>().toBeNever();
});

test('a schema that reads another field, or another type, does not compile', () => {
  const renamed = z.object({ did: z.string(), mail: z.string().optional() });
  const retyped = z.object({ did: z.string(), invitesDisabled: z.string().optional() });
  const told = z.object({ did: z.string(), email: z.string().optional() });
  expectTypeOf<Differences<ComAtprotoAdminDefs.AccountView, typeof renamed>>().toEqualTypeOf<'mail'>();
  expectTypeOf<
    Differences<ComAtprotoAdminDefs.AccountView, typeof retyped>
  >().toEqualTypeOf<'invitesDisabled'>();
  expectTypeOf<Differences<ComAtprotoAdminDefs.AccountView, typeof told>>().toBeNever();
  // @ts-expect-error: the field has another name in the SDK.
  expectTypeOf<Differences<ComAtprotoAdminDefs.AccountView, typeof renamed>>().toBeNever();
});
