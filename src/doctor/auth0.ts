/**
 * The Auth0 application: whether it gets a token, what it may read, and how much of the rate limit is left.
 *
 * | check            | finding                                             | level   |
 * |------------------|-----------------------------------------------------|---------|
 * | auth0            | no answer, or the application is refused             | error   |
 * | auth0 scopes     | read:users or read:logs is missing                  | error   |
 * | auth0 scopes     | read:log_streams is missing                          | warning |
 * | auth0 rate limit | less than a tenth is left                           | warning |
 */

import { counted } from '../count.ts';
import { UpstreamError } from '../errors.ts';
import type { Auth0Inspection, Quota } from '../ports/inspection.ts';
import { type Check, type Finding, found, idOf, type Seen, said, well } from './check.ts';
import type { ExaminedTenant } from './tenant.ts';

/** A smaller remaining share is a finding. */
const ROOM_SHARE = 0.1;

export function auth0Checks({ id: tenant, auth0 }: ExaminedTenant): readonly Check[] {
  const needs = [idOf({ name: 'auth0', tenant })];
  return [
    {
      name: 'auth0',
      tenant,
      needs: ['configuration of auth0'],
      run: () => checkToken(auth0()),
    },
    { name: 'auth0 scopes', tenant, needs, run: () => checkScopes(auth0()) },
    {
      name: 'auth0 rate limit',
      tenant,
      needs,
      run: async () => {
        const users = await auth0().users();
        return judgeQuota('Auth0', users === 'forbidden' ? undefined : users.quota);
      },
    },
  ];
}

async function checkToken(auth0: Auth0Inspection): Promise<Seen> {
  try {
    await auth0.token();
    return well('issues a token');
  } catch (error) {
    return { ...found('issues no token', noToken(error)), isShut: true };
  }
}

function noToken(error: unknown): Finding {
  const isRefused =
    error instanceof UpstreamError && ['UNAUTHORIZED', 'FORBIDDEN', 'BAD_REQUEST'].includes(error.code);
  return {
    level: 'error',
    code: isRefused ? 'AUTH0_REFUSES' : 'AUTH0_UNREACHABLE',
    what: said(error),
    why: 'Auth0 users cannot be read, so no user can be reconciled.',
    mend: isRefused
      ? 'Compare clientId and clientSecret with Auth0: Applications > the application > Settings; and check that it is authorized for the Management API of this tenant.'
      : 'Check domain and managementUrl, outgoing network access, and https://status.auth0.com.',
  };
}

async function checkScopes(auth0: Auth0Inspection): Promise<Seen> {
  const [users, logs, streams, { scopes }] = await Promise.all([
    auth0.users(),
    auth0.logs(),
    auth0.logStreams(),
    auth0.token(),
  ]);
  // The answers count, and not the scopes that the token claims.
  const lacking: Finding[] = [];
  const lack = (level: Finding['level'], scope: string, why: string) =>
    lacking.push({
      level,
      code: 'SCOPE_LACKING',
      what: `The application lacks the scope ${scope}.`,
      why,
      mend: `In Auth0: Applications > APIs > Auth0 Management API > Machine to Machine Applications: grant ${scope}.`,
    });
  if (users === 'forbidden')
    lack('error', 'read:users', 'Auth0 users cannot be read, so no user can be reconciled.');
  if (logs === 'forbidden')
    lack(
      'error',
      'read:logs',
      'Events that a log stream does not deliver are only found by the nightly sweep.',
    );
  if (streams === 'forbidden')
    lack('warning', 'read:log_streams', 'A paused, suspended or deleted log stream is not noticed.');
  return found(scopes === undefined ? 'enough' : scopes.filter(isReading).join(', ') || 'none', ...lacking);
}

function isReading(scope: string): boolean {
  return /^read:(users|logs|log_streams|event_streams)$/.test(scope);
}

export function judgeQuota(of: string, quota: Quota | undefined): Seen {
  if (quota === undefined) return well('calls are not limited');
  const { limit, remaining, resetInMs } = quota;
  const summary = `${remaining} of ${limit} calls left`;
  // The call that read this has used one.
  if (remaining + 1 > limit * ROOM_SHARE) return well(summary);
  const when = resetInMs === undefined ? '' : `, and more in ${Math.ceil(resetInMs / 1_000)} s`;
  return found(summary, {
    level: 'warning',
    code: 'LITTLE_ROOM',
    what: `${of} allows ${counted(remaining, 'more call')} of ${limit}${when}.`,
    why: 'Reconciliations wait for the limit, so a sign-up takes minutes instead of a second.',
    mend: 'Find out which other programs share this limit. Set requestsPerSecond to limit Concord to a share of it.',
  });
}
