/** Alice, Bob and as many others as a test needs, with times that are values. */
import type { ConcordEvent, EventOf } from '../../../src/events/event.ts';
import {
  type AccountHandle,
  type Auth0UserId,
  type Code,
  type Did,
  eventId,
  parseAccountHandle,
  parseAuth0UserId,
  parseCode,
  parseDid,
  parseTenantId,
  type TenantId,
  type UserKey,
  userKey,
} from '../../../src/identity.ts';
import type { Documents } from '../../../src/ports/documents.ts';
import type { SubjectView } from '../../../src/ports/subjects.ts';
import type { Trigger } from '../../../src/ports/trigger.ts';

function parsed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The test uses a name that does not parse.');
  return value;
}

export const tenant: TenantId = parsed(parseTenantId('main'));
export const otherTenant: TenantId = parsed(parseTenantId('second'));

export interface Person {
  readonly user: UserKey;
  readonly tenant: TenantId;
  readonly userId: Auth0UserId;
}

export function person(name: string, of: TenantId = tenant): Person {
  const userId = parsed(parseAuth0UserId(`auth0|${name}`));
  return { user: userKey(of === tenant ? '' : `${of}-`, userId), tenant: of, userId };
}

export const alice = person('alice');
export const bob = person('bob');

export const aliceDid: Did = parsed(parseDid('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'));
export const bobDid: Did = parsed(parseDid('did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'));

export function handle(name: string): AccountHandle {
  return parsed(parseAccountHandle(`${name}.at.test`));
}

export function code(text: string): Code {
  return parsed(parseCode(text));
}

/** So many seconds after the beginning of the test's time. */
export function at(seconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1_000);
}

export function trigger(who: Person, cause?: string): Trigger {
  return cause === undefined ? who : { ...who, cause: eventId(cause) };
}

export function signedUp(id: string, who: Person, when: Date): EventOf<'auth0.log-received'> {
  return {
    _id: eventId(id),
    user: who.user,
    tenant: who.tenant,
    type: 'auth0.log-received',
    at: when,
    recordedAt: at(10_000),
    cause: [],
    data: { logId: id, code: 'ss', hint: null, raw: '{"$where":"1","a.b":1}' },
  };
}

export function assigned(id: string, who: Person, when: Date, causes: readonly string[] = []): ConcordEvent {
  return {
    _id: eventId(id),
    user: who.user,
    tenant: who.tenant,
    type: 'code.assigned',
    at: when,
    recordedAt: at(10_000),
    cause: causes.map(eventId),
    data: { code: code('ac26nobeb') },
  };
}

export const NO_DOCUMENTS: Documents = {
  verificationCount: undefined,
  user: undefined,
  handle: undefined,
  legacyCode: undefined,
};

export const view: SubjectView = {
  sights: ['verification', 'document', 'record', 'account'],
  mark: `vdra ac26nobeb ${aliceDid}`,
  email: 'Alice@example.com',
  emailVerified: true,
  verifiedEmail: 'alice@example.com',
  linked: [],
  unusable: [],
  code: code('ac26nobeb'),
  did: aliceDid,
  accountHandle: handle('alice'),
  accountEmail: 'alice@example.com',
  platformHandle: 'alice',
  sister: undefined,
  conditions: [
    {
      type: 'account',
      status: 'True',
      reason: 'Present',
      message: 'The account is there.',
      held: false,
      since: at(1).toISOString(),
      event: eventId('main:1'),
    },
  ],
  sync: 'Synced',
  health: 'Healthy',
  attempts: 0,
  quarantined: false,
  failure: undefined,
};

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
