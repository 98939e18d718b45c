/** What the PDS answers, as data. Source: @atproto/pds 0.4.217 and 0.5.35, and their lexicons. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Did, parseAccountHandle, parseDid } from '../identity.ts';
import type { CreateAccountResult, PdsAccount, Repository } from '../ports/accounts.ts';
import type { Refusal } from '../upstream/interpret.ts';

const DidAnswer = parsed(parseDid, 'not a DID');
const HandleAnswer = parsed(parseAccountHandle, 'not a handle');

function parsed<T>(parse: (text: string) => T | undefined, message: string) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

export const AccountInfo = z.object({
  did: DidAnswer,
  /** `handle.invalid` where the account has lost its handle. */
  handle: HandleAnswer,
  email: z.string().nullish(),
  /** Absent where the PDS asks for no invites. It also lists every other use of the code, which is not read. */
  invitedBy: z.object({ code: z.string() }).optional(),
  deactivatedAt: z.string().optional(),
});

export function readAccountInfo(body: unknown): PdsAccount {
  return toAccount(AccountInfo.parse(body));
}

export const AccountInfos = z.object({ infos: z.array(z.unknown()) });

/**
 * One row costs no other: one that cannot be read is unknown. Where it does not even name its account, it may be any that is
 * asked for and not in the answer. Throws ZodError when no row of several can be read: then the rows are not at fault.
 */
export function readAccountInfos(
  body: unknown,
  asked: readonly Did[],
): ReadonlyMap<Did, PdsAccount | 'unreadable'> {
  const { infos } = AccountInfos.parse(body);
  const found = new Map<Did, PdsAccount | 'unreadable'>();
  let nameless = 0;
  for (const row of infos) {
    const read = AccountInfo.safeParse(row);
    const named = Named.safeParse(row);
    if (read.success) found.set(read.data.did, toAccount(read.data));
    else if (named.success) found.set(named.data.did, 'unreadable');
    else nameless += 1;
  }
  if (infos.length > 1 && [...found.values()].every((one) => one === 'unreadable'))
    AccountInfo.parse(infos[0]);
  if (nameless > 0) for (const did of asked) if (!found.has(did)) found.set(did, 'unreadable');
  return found;
}

const Named = z.object({ did: DidAnswer });

function toAccount(info: z.infer<typeof AccountInfo>): PdsAccount {
  return {
    did: info.did,
    handle: info.handle,
    email: info.email === '' || info.email === null ? undefined : info.email,
    inviteHash:
      info.invitedBy === undefined
        ? undefined
        : createHash('sha256').update(info.invitedBy.code).digest('hex'),
    // The answer shows neither a takedown nor a missing repository, so it does not prove that the account is active.
    state: info.deactivatedAt === undefined ? 'unknown' : 'deactivated',
  };
}

export const RepoStatus = z.object({ active: z.boolean(), status: z.string().optional() });

export function readRepoState(body: unknown): Repository['state'] {
  return stateOf(RepoStatus.parse(body));
}

function stateOf({ active, status }: z.infer<typeof RepoStatus>): Repository['state'] {
  if (active) return 'active';
  return status === 'deactivated' || status === 'takendown' ? status : 'unknown';
}

export const RepoPage = z.object({ cursor: z.string().optional(), repos: z.array(z.unknown()) });
// `active` may be left out of an answer that knows no account status.
export const RepoRow = RepoStatus.extend({ did: DidAnswer, active: z.boolean().default(true) });

/** A row whose state cannot be read is of an account in an unknown state. Throws ZodError as `readAccountInfos` does. */
export function readRepoPage(body: unknown): {
  cursor: string | undefined;
  repos: (Repository | 'unreadable')[];
} {
  const { cursor, repos } = RepoPage.parse(body);
  const rows = repos.map((row): Repository | 'unreadable' => {
    const read = RepoRow.safeParse(row);
    if (read.success) return { did: read.data.did, state: stateOf(read.data) };
    const named = Named.safeParse(row);
    return named.success ? { did: named.data.did, state: 'unknown' } : 'unreadable';
  });
  if (rows.length > 1 && rows.every((row) => row === 'unreadable')) RepoRow.parse(repos[0]);
  return { cursor, repos: rows };
}

export const Holder = z.object({ did: DidAnswer });

export function readHolder(body: unknown) {
  return Holder.parse(body).did;
}

/** At least one: the caller waits for it. */
export const InviteCodes = z.object({
  codes: z.array(z.object({ codes: z.array(z.string().min(1)).min(1) })).min(1),
});

export function readInviteCodes(body: unknown): readonly string[] {
  return InviteCodes.parse(body).codes.flatMap(({ codes }) => codes);
}

export const HandleDomains = z.object({ availableUserDomains: z.array(z.string().startsWith('.')) });

export function readHandleDomains(body: unknown): readonly string[] {
  return HandleDomains.parse(body).availableUserDomains;
}

export const ServiceDid = z.object({ did: z.string() });

export function readServiceDid(body: unknown): string {
  return ServiceDid.parse(body).did;
}

export const Session = z.object({ refreshJwt: z.string().min(1) });

export function readRefreshToken(body: unknown): string {
  return Session.parse(body).refreshJwt;
}

export const Created = z.object({ did: DidAnswer, handle: HandleAnswer });

export function readCreated(body: unknown): CreateAccountResult {
  return { type: 'created', ...Created.parse(body) };
}

// ── Refusals ──

const ErrorAnswer = z.object({ error: z.string(), message: z.string().default('') });

/**
 * True when the PDS refused with this status, error name and start of the message. The message is asked for only where one
 * name stands for several reasons: names are part of the protocol, and wordings change between versions.
 */
export function says(answer: Refusal, status: number, error: string, message = ''): boolean {
  const { data } = ErrorAnswer.safeParse(answer.body);
  return answer.status === status && data?.error === error && data.message.startsWith(message);
}

type Refused = Omit<Extract<CreateAccountResult, { type: 'refused' }>, 'type'>;

/** What createAccount says before it does anything. The text is ours, because theirs quotes the address. */
const REFUSALS: readonly { readonly error: string; readonly message: RegExp; readonly means: Refused }[] = [
  refusal('InvalidRequest', /^Handle already taken/, 'handle', 'taken', 'The handle is taken.'),
  refusal('InvalidRequest', /^Email already taken/, 'email', 'taken', 'The address is taken.'),
  // 0.4 gives it the general name, see above.
  refusal('HandleNotAvailable', /^Handle already taken/, 'handle', 'taken', 'The handle is taken.'),
  refusal(
    'HandleNotAvailable',
    /^Reserved handle/,
    'handle',
    'not-allowed',
    'The handle is a reserved word.',
  ),
  refusal('HandleNotAvailable', /^/, 'handle', 'not-allowed', 'The handle is not available.'),
  refusal('InvalidHandle', /too short/, 'handle', 'not-allowed', 'The handle is too short.'),
  refusal('InvalidHandle', /too long/, 'handle', 'not-allowed', 'The handle is too long.'),
  refusal('InvalidHandle', /^/, 'handle', 'not-allowed', 'The handle is not one the PDS allows.'),
  refusal(
    'UnsupportedDomain',
    /^/,
    'handle',
    'not-allowed',
    'The handle is in a domain the PDS does not serve.',
  ),
  // The lexicon's own check, which comes before the others and has no name of its own.
  refusal('InvalidRequest', /\$\.handle/, 'handle', 'not-allowed', 'The handle is not well-formed.'),
  refusal(
    'InvalidRequest',
    /^External handle/,
    'handle',
    'not-allowed',
    'The handle belongs to another domain.',
  ),
  refusal(
    'InvalidRequest',
    /^This email address is not supported/,
    'email',
    'not-allowed',
    'The address is not one the PDS accepts.',
  ),
  refusal('InvalidRequest', /^Email is required/, 'email', 'not-allowed', 'An address is required.'),
];

function refusal(
  error: string,
  message: RegExp,
  field: Refused['field'],
  reason: Refused['reason'],
  text: string,
) {
  return { error, message, means: { field, reason, message: text } };
}

/** The handle or the address was refused; undefined when the answer is about something else. */
export function readRefusal({
  status,
  body,
}: Refusal): Extract<CreateAccountResult, { type: 'refused' }> | undefined {
  const { data } = ErrorAnswer.safeParse(body);
  if (status !== 400 || data === undefined) return undefined;
  const known = REFUSALS.find(({ error, message }) => error === data.error && message.test(data.message));
  return known === undefined ? undefined : { type: 'refused', ...known.means };
}
