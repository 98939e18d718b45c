/** When each alert opens and what to do about it, for docs/conditions-and-alerts.md (`npm run docs`). */
import type { CauseKind } from '../ports/alerts.ts';

export interface CauseGuide {
  /** The id of a cause, with `<…>` for what differs. */
  readonly id: string;
  /** Markdown. */
  readonly when: string;
  readonly fix: string;
}

export const CAUSE_GUIDE: Readonly<Record<CauseKind, readonly [CauseGuide, ...CauseGuide[]]>> = {
  'converge-failing': [
    {
      id: 'converge-failing:<system>:<code>',
      when: 'The reconciliation of users keeps failing. The system `plc` is the DID directory',
      fix: '`concord explain <user>` names the step that fails',
    },
    {
      id: 'converge-failing:engine:LEASE_EXPIRED',
      when: 'Reconciliations of a user repeatedly did not end: their process died, or they took longer than `engine.maxLeaseMs`. A restart alone does not open it',
      fix: 'Find in the logs of the processes why they died (memory, a crash) or what took so long. Other users go on, and this one is quarantined in the end',
    },
  ],
  quarantine: [
    {
      id: 'quarantine:<system>:<code>',
      when: 'Users are quarantined after too many failures',
      fix: 'Repair the cause, then `concord retry --failed`',
    },
  ],
  unreachable: [
    {
      id: 'unreachable:<system>',
      when: 'Auth0, the PDS or MongoDB does not answer, or answers with errors',
      fix: 'Concord waits until it is over. `concord doctor` shows how each of them answers',
    },
  ],
  'credentials-refused': [
    {
      id: 'credentials-refused:<system>',
      when: 'Auth0, the PDS or MongoDB answers 401 or 403',
      fix: 'Check the client and its scopes, `PDS_ADMIN_PASSWORD`, or the rights of the user of `MONGODB_URI`',
    },
    {
      id: 'credentials-refused:sealing-keys',
      when: 'No key opens a stored password',
      fix: 'Check `CONCORD_CREDENTIAL_KEYS`; `concord credentials reseal --dry-run` counts',
    },
    {
      id: 'credentials-refused:storage',
      when: '`serve` does not start: plaintext passwords are stored and `credentials.storage` is not set',
      fix: '`concord doctor` names both choices; see [passwords.md](passwords.md)',
    },
  ],
  'index-unfit': [
    {
      id: 'index-unfit:<index>',
      when: 'A unique index is missing or unfit',
      fix: '`concord doctor --fix`, which replaces it without a moment in which uniqueness is not guaranteed',
    },
    {
      id: 'index-unfit:foreign:<index>',
      when: "A unique index that is not Concord's rejects documents of users",
      fix: 'Drop it with the command that the alert names, then `concord retry --failed`',
    },
  ],
  'stream-unhealthy': [
    {
      id: 'stream-unhealthy:<tenant>:<how>',
      when: 'The log stream is paused, suspended or missing',
      fix: 'Resume or create it in Auth0, then `concord pull`',
    },
  ],
  'stream-silent': [
    {
      id: 'stream-silent:<tenant>',
      when: 'The log stream delivered nothing for twice as long as its usual pauses, at most one day',
      fix: 'Check its health in Auth0, then `concord pull`',
    },
  ],
  gap: [
    {
      id: 'gap:<tenant>:<cause>',
      when: 'Log entries may be missing',
      fix: '`concord pull` or `concord reconcile --all`, which closes the gap',
    },
  ],
  'log-unread': [
    {
      id: 'log-unread:<tenant>',
      when: 'The log of the tenant was not read for an hour',
      fix: '`concord pull` shows the error',
    },
  ],
  'sweep-halted': [
    {
      id: 'sweep-halted:<tenant>:<kind>',
      when: 'A safety limit halted a sweep',
      fix: 'For `disappearances`: repair the cause (a dropped collection, a restored backup, another PDS), then `concord reconcile --all`. Otherwise `concord approve`, or do nothing: the next complete sweep of the tenant closes the halt, and halts again if the limit is still exceeded',
    },
  ],
  'sweep-broken-off': [
    {
      id: 'sweep-broken-off:<tenant>',
      when: 'The last sweep did not reach its end',
      fix: '`concord reconcile --all`',
    },
  ],
  'sweep-overdue': [
    {
      id: 'sweep-overdue:<tenant>',
      when: 'No sweep listed all users for 26 hours',
      fix: '`concord reconcile --all`',
    },
  ],
  'clock-differs': [
    {
      id: 'clock-differs',
      when: 'The clock of the machine of Concord differs from that of MongoDB by more than a minute. Until they agree, no account is removed or deactivated, and approvals, transfers, adoptions and restorations are refused',
      fix: '`concord doctor` says which clock is wrong. Set it by NTP: `timedatectl set-ntp true`',
    },
  ],
  'code-space': [
    {
      id: 'code-space:<year>',
      when: 'Four of five short codes of the year are in use',
      fix: 'Longer codes follow without action. Make sure that every program that reads codes accepts them',
    },
  ],
};
