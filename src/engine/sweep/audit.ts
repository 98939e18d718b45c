/** The totals of an audit: how many users are in sync, and who is not. Pure. */
import { type ConditionDraft, isMigrated } from '../../events/condition.ts';
import type { ResourceTotals, Share, Situation } from '../../events/data/runs.ts';
import type { Resource } from '../../events/resources.ts';
import type { Health, Sync } from '../../ports/subjects.ts';
import { INDEPENDENT } from '../../reconcilers/registry.ts';
import { healthOf, syncOf } from '../reconcile/subject-view.ts';
import { isDrifted } from './assess.ts';
import type { Assessment } from './assessment.ts';

export interface AuditedUser {
  readonly user: string;
  readonly tenant: string;
  /** When the user signed up, by Auth0; null where that date cannot be read. */
  readonly createdAt: string | null;
  readonly code: string | null;
  readonly platformHandle: string | null;
  readonly did: string | null;
  readonly accountHandle: string | null;
  readonly sync: Sync;
  readonly health: Health;
  /** One word for each resource that is out of sync. */
  readonly reasons: readonly string[];
  /** One sentence for each resource that is out of sync. */
  readonly issues: readonly string[];
  /** What a reconciliation would do. */
  readonly plan: readonly string[];
}

/** Why a user has no account; undefined where the user has one, here or on another PDS. */
export function withoutAccount({
  view,
}: Assessment): Pick<ConditionDraft, 'status' | 'reason' | 'message'> | undefined {
  const { account, documents, conditions } = view;
  const condition = conditions.find(({ type }) => type === 'account');
  if (condition === undefined || account !== undefined || isMigrated(condition)) return undefined;
  // From an account that could not be read, nothing follows but that a document names it.
  const isNamed = documents?.user?.account?.did !== undefined;
  return condition.status === 'Unknown' && isNamed ? undefined : condition;
}

/** What a tally has counted so far, as JSON. */
export interface TallyState {
  readonly counts: Readonly<Record<Counted, number>>;
  readonly situations: readonly Situation[];
  /** Of independent resources, by the name. */
  readonly independent: Readonly<Record<string, Share>>;
}

type Counted = 'all' | 'verifications' | 'users' | 'codes' | 'handles' | 'wanted' | 'accounts' | 'waiting';

const NOTHING: TallyState = {
  counts: { all: 0, verifications: 0, users: 0, codes: 0, handles: 0, wanted: 0, accounts: 0, waiting: 0 },
  situations: [],
  independent: {},
};

const NO_SHARE: Share = { have: 0, of: 0 };

export class Tally {
  readonly #counts: Record<Counted, number>;
  readonly #independent: Map<string, Share>;
  readonly #situations: Map<string, { resource: Situation['resource']; reason: string; users: number }>;

  /** Continues from the counts of another tally. */
  constructor({ counts, situations, independent }: TallyState = NOTHING) {
    this.#counts = { ...counts };
    this.#independent = new Map(Object.entries(independent));
    this.#situations = new Map(situations.map((one) => [`${one.resource} ${one.reason}`, { ...one }]));
  }

  add(assessment: Assessment): void {
    const counts = this.#counts;
    const { documents, desired } = assessment.view;
    const wanted = desired.account;
    counts.all += 1;
    counts.verifications += documents?.verificationCount === undefined ? 0 : 1;
    counts.users += documents?.user === undefined ? 0 : 1;
    counts.codes += documents?.user?.code === undefined ? 0 : 1;
    counts.handles += documents?.handle === undefined ? 0 : 1;
    const withheld = wanted.type === 'account' ? wanted.email.withheld : undefined;
    const isWanted = wanted.type === 'account' && withheld === undefined;
    counts.wanted += isWanted ? 1 : 0;
    counts.accounts += isWanted && standsWell(assessment, 'account') ? 1 : 0;
    counts.waiting += withheld?.reason === 'WaitingForEmailVerification' ? 1 : 0;
    for (const resource of INDEPENDENT) {
      const { name } = resource;
      const seen = assessment.view.independent.get(name);
      const isWanted = seen !== undefined && resource.isWanted(seen.desired);
      if (isWanted) this.#share(name, standsWell(assessment, name));
    }
    for (const { type, status, reason } of assessment.view.conditions) {
      if (status !== 'True') this.#count(type, reason);
    }
  }

  #share(resource: Resource, isWell: boolean): void {
    const { have, of } = this.#independent.get(resource) ?? NO_SHARE;
    this.#independent.set(resource, { have: have + (isWell ? 1 : 0), of: of + 1 });
  }

  #count(resource: Situation['resource'], reason: string): void {
    const name = `${resource} ${reason}`;
    const known = this.#situations.get(name);
    if (known === undefined) this.#situations.set(name, { resource, reason, users: 1 });
    else known.users += 1;
  }

  totals(): ResourceTotals {
    const { all, ...counts } = this.#counts;
    return {
      verifications: { have: counts.verifications, of: all },
      users: { have: counts.users, of: all },
      codes: { have: counts.codes, of: all },
      handles: { have: counts.handles, of: all },
      accounts: { have: counts.accounts, of: counts.wanted },
      waitingForEmailVerification: counts.waiting,
      ...(this.#independent.size === 0 ? {} : { independent: Object.fromEntries(this.#independent) }),
    };
  }

  /** Reasons why resources are out of sync, the most frequent first. */
  situations(): readonly Situation[] {
    return [...this.#situations.values()]
      .map((one) => ({ ...one }))
      .sort((a, b) => b.users - a.users || (a.resource + a.reason < b.resource + b.reason ? -1 : 1));
  }

  state(): TallyState {
    return {
      counts: { ...this.#counts },
      situations: this.situations(),
      independent: Object.fromEntries(this.#independent),
    };
  }
}

function standsWell({ view }: Assessment, resource: string): boolean {
  return view.conditions.some(({ type, status }) => type === resource && status === 'True');
}

/** With `account`, also why there is none where that is in order, such as an address that is not verified. */
export function auditedUser(
  tenant: string,
  assessment: Assessment,
  { account: isAccountShown }: { readonly account: boolean } = { account: false },
): AuditedUser {
  const { user, auth0, facts, view } = assessment;
  const { conditions, documents, account } = view;
  const isShown = ({ type, status }: ConditionDraft): boolean =>
    (isDrifted(assessment) && status !== 'True') ||
    (isAccountShown && type === 'account' && withoutAccount(assessment) !== undefined);
  const bad = conditions.filter(isShown);
  return {
    user,
    tenant,
    createdAt: auth0.createdAt?.toISOString() ?? null,
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
