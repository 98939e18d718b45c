/** What an audit counts: how many users have what they should have, and who has not. Pure. */
import type { Health, Sync } from '../ports.ts';
import { type Assessment, isDrifted } from './assess.ts';
import { healthOf, syncOf } from './standing.ts';

export interface Share {
  readonly have: number;
  readonly of: number;
}

export interface AuditTotals {
  readonly verifications: Share;
  readonly users: Share;
  readonly codes: Share;
  readonly handles: Share;
  /** Of those with a verified email: the only ones who are to have an account. */
  readonly accounts: Share;
  readonly waitingForEmailVerification: number;
}

export interface AuditedUser {
  readonly user: string;
  readonly tenant: string;
  readonly code: string | null;
  readonly platformHandle: string | null;
  readonly did: string | null;
  readonly accountHandle: string | null;
  readonly sync: Sync;
  readonly health: Health;
  /** One word a resource that is not as desired. */
  readonly reasons: readonly string[];
  /** One sentence a resource that is not as desired. */
  readonly issues: readonly string[];
  /** What a pass would do. */
  readonly plan: readonly string[];
}

export interface Tally {
  add(tenant: string, assessment: Assessment): AuditedUser;
  totals(): AuditTotals;
}

export function createTally(): Tally {
  const counts = {
    all: 0,
    verifications: 0,
    users: 0,
    codes: 0,
    handles: 0,
    wanted: 0,
    accounts: 0,
    waiting: 0,
  };
  return {
    add(tenant, assessment) {
      const { view } = assessment;
      const wanted = view.desired.account;
      counts.all += 1;
      counts.verifications += view.documents?.verificationCount === undefined ? 0 : 1;
      counts.users += view.documents?.user === undefined ? 0 : 1;
      counts.codes += view.documents?.user?.code === undefined ? 0 : 1;
      counts.handles += view.documents?.handle === undefined ? 0 : 1;
      counts.wanted += wanted.type === 'account' ? 1 : 0;
      counts.accounts += wanted.type === 'account' && standsWell(assessment, 'account') ? 1 : 0;
      counts.waiting += wanted.type === 'none' && wanted.reason === 'WaitingForEmailVerification' ? 1 : 0;
      return audited(tenant, assessment);
    },
    totals() {
      const { all } = counts;
      return {
        verifications: { have: counts.verifications, of: all },
        users: { have: counts.users, of: all },
        codes: { have: counts.codes, of: all },
        handles: { have: counts.handles, of: all },
        accounts: { have: counts.accounts, of: counts.wanted },
        waitingForEmailVerification: counts.waiting,
      };
    },
  };
}

function standsWell({ view }: Assessment, resource: string): boolean {
  return view.conditions.some(({ type, status }) => type === resource && status === 'True');
}

function audited(tenant: string, assessment: Assessment): AuditedUser {
  const { user, facts, view } = assessment;
  const { conditions, documents, account } = view;
  const bad = isDrifted(assessment) ? conditions.filter(({ status }) => status !== 'True') : [];
  return {
    user,
    tenant,
    code: documents?.user?.code ?? null,
    platformHandle: documents?.handle ?? null,
    did: account?.did ?? documents?.user?.account?.did ?? null,
    accountHandle: account?.handle ?? null,
    sync: syncOf(conditions),
    health: healthOf(facts, conditions),
    reasons: bad.map(({ reason }) => reason),
    issues: bad.map(({ message }) => message),
    plan: view.actions.map(({ type }) => type),
  };
}
