/** Why nothing happens automatically, and what to do. */
import type { UserAnswer } from '../../src/dashboard-data/answers/users.ts';
import { Mark } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { count, readable } from '../words.ts';
import { obstacleTo } from './permitted.ts';

/** With these reasons a transfer between this user and another one is in progress. */
const TRANSFERRING: ReadonlySet<string> = new Set(['TransferPending', 'HandleReleased', 'CodeReleased']);

export function Banners({ seen }: { seen: UserAnswer }) {
  const { pause, quarantined, failure, attempts, troubles, deleted } = seen;
  const held = troubles.filter((trouble) => trouble.held);
  const transfers = troubles.filter(({ reason }) => TRANSFERRING.has(reason));
  return (
    <div class="banners">
      {seen.source === 'look' && (
        <div class="banner unknown">
          <Mark tone="unknown" />
          <p>
            <strong>Unknown user.</strong> Nothing is recorded about this user; what is shown is what a look
            found. Reconcile now makes them whole.
          </p>
        </div>
      )}
      {deleted !== null && <Deleted deleted={deleted} conditions={seen.conditions} />}
      {pause !== null && (
        <div class="banner idle">
          <Mark tone="idle" />
          <p>
            <strong>Paused</strong> by {pause.by} <Moment at={pause.at} />: {pause.reason}{' '}
            <span class="muted">
              {pause.until === null ? (
                'Until resumed.'
              ) : (
                <>
                  Ends <Moment at={pause.until} />.
                </>
              )}
            </span>
          </p>
        </div>
      )}
      {failure !== null && (
        <div class={quarantined ? 'banner bad' : 'banner warn'}>
          <Mark tone={quarantined ? 'bad' : 'warn'} />
          <p>
            <strong>{quarantined ? 'Quarantined' : 'Failing'}</strong> after {count(attempts, 'failure')} in a
            row, the first <Moment at={failure.since} />: <code>{failure.code}</code> {failure.message}{' '}
            <span class="muted">
              {quarantined
                ? 'No automatic retries until a new trigger, the next sweep, or Retry.'
                : seen.dueAt !== null && (
                    <>
                      Next retry <Moment at={seen.dueAt} />.
                    </>
                  )}
            </span>
          </p>
        </div>
      )}
      {transfers.length > 0 && (
        <div class="banner warn">
          <Mark tone="warn" />
          <p>
            <strong>Transfer open</strong>: {transfers.map(({ message }) => readable(message)).join(' ')}
          </p>
        </div>
      )}
      {held.length > 0 && (
        <div class="banner warn">
          <Mark tone="warn" />
          <p>
            <strong>Needs action</strong>: {held.map(({ message }) => readable(message)).join(' ')}{' '}
            <span class="muted">
              {obstacleTo('restore', seen) === null
                ? 'Restore shows what it writes, and asks you to confirm.'
                : obstacleTo('adopt', seen) === null
                  ? 'Adopt shows the evidence, and asks you to confirm.'
                  : 'Fix the cause, then use Reconcile now.'}
            </span>
          </p>
        </div>
      )}
    </div>
  );
}

interface DeletedProps {
  readonly deleted: NonNullable<UserAnswer['deleted']>;
  readonly conditions: UserAnswer['conditions'];
}

/** The account's condition says what became of the account. */
function Deleted({ deleted: { since, forgotten }, conditions }: DeletedProps) {
  const account = conditions.find(({ resource }) => resource === 'account');
  return (
    <div class="banner idle">
      <Mark tone="idle" />
      <p>
        <strong>{forgotten ? 'Forgotten' : 'Deleted in Auth0'}</strong>
        {since !== null && (
          <>
            {' '}
            since <Moment at={since} />
          </>
        )}
        .{' '}
        {forgotten
          ? 'The user was deleted in Auth0, and the personal data in the log is blanked. Concord does nothing more for this user.'
          : 'Concord creates nothing for this user.'}{' '}
        {account !== undefined && <span class="muted">{readable(account.message)}</span>}
      </p>
    </div>
  );
}
