/** What came of the people of a rush: pure, from what they did and from what is there at the end. */
import type { RemovalStep, RemovedPart } from './handlers.ts';

/** What a person of the rush did. */
export interface RushStory {
  readonly user: string;
  readonly email: string;
  /** As the platform's handler assigned it. */
  readonly code: string | undefined;
  /** Chosen and set. */
  readonly handle: string | undefined;
  readonly left: { readonly how: 'erasure' | 'purge'; readonly steps: readonly RemovalStep[] } | undefined;
}

export interface FinalAccount {
  readonly did: string;
  readonly handle: string;
  /** From Concord's log; undefined where it has no such event. A plan has several actions, each with its intent. */
  readonly plannedAt: Date | undefined;
  readonly intendedAt: Date | undefined;
  readonly createdAt: Date | undefined;
}

/** What is there when everything has come to rest. */
export interface FinalState {
  readonly verifications: number | undefined;
  readonly userDocument: { readonly code: string | undefined; readonly did: string | undefined } | undefined;
  readonly handle: string | undefined;
  /** Those with the person's address. */
  readonly accounts: readonly FinalAccount[];
  readonly isInAuth0: boolean;
  readonly said: Said | undefined;
}

/** What Concord says of the user. */
export interface Said {
  readonly sync: string;
  readonly health: string;
  readonly quarantined: boolean;
  /** Such as `account/UserGone`; those that are True are left out. */
  readonly conditions: readonly string[];
}

/** Something that a person who left has again, or has only since then. */
export interface Returned {
  readonly part: RemovedPart;
  /** `returned`: it was deleted, and is there. `created-after`: it was not there when the person left. */
  readonly as: 'returned' | 'created-after';
  readonly detail: string;
  /** Of an account and of its record. */
  readonly did?: string;
}

export interface Verdict {
  readonly user: string;
  readonly left: 'erasure' | 'purge' | undefined;
  /** Of a person who left. */
  readonly returned: readonly Returned[];
  /** Accounts that were being created when the person began to leave, and that the log knows: not prevented. */
  readonly underWay: readonly Returned[];
  /** Of a person who stayed. */
  readonly lacking: readonly string[];
  readonly said: Said | undefined;
}

/** Concord reads and then plans: what it planned so soon after the first removal is what was true before it. */
export const UNDER_WAY_MS = 1_000;

export function verdictOn(story: RushStory, state: FinalState): Verdict {
  const { user, left } = story;
  const common = { user, left: left?.how, said: state.said };
  if (left === undefined) return { ...common, returned: [], underWay: [], lacking: lackingOf(story, state) };
  const found = [...returnedDocuments(left.steps, state), ...returnedAccounts(left.steps, state)];
  const underWay = accountsUnderWay(left.steps, state);
  // The record of an account whose creation was under way belongs to it.
  const isUnderWay = ({ as, did }: Returned) => as === 'created-after' && underWay.has(did ?? '');
  return {
    ...common,
    returned: found.filter((one) => !isUnderWay(one)),
    underWay: found.filter(isUnderWay),
    lacking: [],
  };
}

function returnedDocuments(steps: readonly RemovalStep[], state: FinalState): Returned[] {
  const { verifications, userDocument, handle } = state;
  const found: Returned[] = [];
  const add = (part: RemovedPart, isThere: boolean, detail: string, more: Pick<Returned, 'did'> = {}) => {
    const step = steps.find((one) => one.part === part);
    if (step !== undefined && isThere)
      found.push({ part, as: step.removed ? 'returned' : 'created-after', detail, ...more });
  };
  add('verification', verifications !== undefined, `count ${verifications}`);
  add('handle', handle !== undefined, `@${handle}`);
  const before = steps.find(({ part, code }) => part === 'user-document' && code !== undefined)?.code;
  const was = before === undefined || before === userDocument?.code ? '' : `, was ${before}`;
  add('user-document', userDocument !== undefined, `code ${userDocument?.code ?? 'none'}${was}`);
  const did = userDocument?.did;
  if (did !== undefined) add('account-record', true, did, { did });
  // An erasure that leaves the users document: it is only there by itself if it was there before.
  const record = steps.find(({ part }) => part === 'account-record');
  const goes = steps.some(({ part }) => part === 'user-document');
  if (!goes && record?.code === undefined && record?.removed === false && userDocument !== undefined)
    found.push({ part: 'user-document', as: 'created-after', detail: `code ${userDocument.code ?? 'none'}` });
  if (!goes && record?.code !== undefined && userDocument !== undefined && userDocument.code !== record.code)
    found.push({
      ...{ part: 'user-document', as: 'returned' },
      detail: `code ${userDocument.code ?? 'none'}, was ${record.code}`,
    });
  return found;
}

function returnedAccounts(steps: readonly RemovalStep[], { accounts }: FinalState): Returned[] {
  const beganAt = begin(steps);
  const removal = accountRemoval(steps);
  return accounts.map(({ did, handle, plannedAt, intendedAt, createdAt }) => {
    const was = removal === undefined ? '' : `, was ${removal.did}`;
    const happened = [
      plannedAt === undefined ? 'no plan in the log' : `planned ${offset(plannedAt, beganAt)}`,
      intendedAt === undefined ? 'no intent in the log' : `intended ${offset(intendedAt, beganAt)}`,
      createdAt === undefined ? 'no creation in the log' : `created ${offset(createdAt, beganAt)}`,
    ];
    return {
      part: 'account',
      as: removal === undefined ? 'created-after' : 'returned',
      detail: `${did} as ${handle}${was}; ${happened.join(', ')}`,
      did,
    };
  });
}

/**
 * DIDs of accounts that Concord was creating when the removal began, and that the removal did not find. An account
 * that Concord lost sight of in between, so that its log has no creation, is none of them.
 */
function accountsUnderWay(steps: readonly RemovalStep[], { accounts }: FinalState): ReadonlySet<string> {
  if (accountRemoval(steps) !== undefined) return new Set();
  const latest = begin(steps).getTime() + UNDER_WAY_MS;
  const underWay = accounts.filter(
    ({ plannedAt, createdAt }) =>
      plannedAt !== undefined && createdAt !== undefined && plannedAt.getTime() < latest,
  );
  return new Set(underWay.map(({ did }) => did));
}

function begin(steps: readonly RemovalStep[]): Date {
  return steps[0]?.at ?? new Date(0);
}

function accountRemoval(steps: readonly RemovalStep[]): RemovalStep | undefined {
  return steps.find(({ part, removed }) => part === 'account' && removed);
}

function offset(at: Date, from: Date): string {
  const ms = at.getTime() - from.getTime();
  return `${(Math.abs(ms) / 1_000).toFixed(2)} s ${ms < 0 ? 'before' : 'after'} the removal began`;
}

function lackingOf({ code, handle }: RushStory, state: FinalState): string[] {
  const { verifications, userDocument, accounts, said } = state;
  const lacking: string[] = [];
  if (verifications === undefined) lacking.push('verification: missing');
  else if (verifications === 0) lacking.push('verification: count 0 although the address is verified');
  if (userDocument === undefined) lacking.push('user-document: missing');
  else if (userDocument.code === undefined) lacking.push('user-document: no code');
  else if (code !== undefined && userDocument.code !== code)
    lacking.push(`code: ${userDocument.code}, was ${code}`);
  const [account, ...more] = accounts;
  if (account === undefined) lacking.push('account: missing');
  else if (userDocument !== undefined && userDocument.did !== account.did)
    lacking.push(`account: ${account.did} is not recorded`);
  if (more.length > 0) lacking.push(`account: ${accounts.length} with one address`);
  if (handle !== undefined && state.handle !== handle) lacking.push(`handle: @${handle} is not in @handles`);
  const label = handle ?? userDocument?.code;
  if (account !== undefined && label !== undefined && !account.handle.startsWith(`${label.toLowerCase()}.`))
    lacking.push(`handle: the account is ${account.handle} and not ${label}`);
  if (!state.isInAuth0) lacking.push('auth0-user: missing');
  if (said === undefined) lacking.push('Concord does not know the user');
  else if (said.sync !== 'Synced' || said.health !== 'Healthy' || said.quarantined)
    lacking.push(`Concord says ${textOf(said)}`);
  return lacking;
}

export function textOf({ sync, health, quarantined, conditions }: Said): string {
  return [sync, health, ...(quarantined ? ['quarantined'] : []), ...conditions].join(', ');
}
