/** What Concord reads from and depends on: streams, logs, sweeps, API quota, indexes. */
import type {
  OverviewAnswer,
  TenantAnswer,
  UpstreamAnswer,
} from '../../src/dashboard-data/answers/overview.ts';
import { now } from '../clock.ts';
import { Bar } from '../parts/bar.tsx';
import { Badge } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Progress } from '../parts/progress.tsx';
import { count, number, readable } from '../words.ts';

export function Tenants({ tenants }: { tenants: readonly TenantAnswer[] }) {
  return (
    <Panel title={tenants.length > 1 ? 'Tenants' : 'Streams and sweeps'}>
      {tenants.length === 0 && <Empty>No tenant is configured.</Empty>}
      {tenants.map((tenant) => (
        <div key={tenant.tenant} class="tenant">
          {tenants.length > 1 && <h3>{tenant.tenant}</h3>}
          <Tenant seen={tenant} />
        </div>
      ))}
    </Panel>
  );
}

function Tenant({ seen: { stream, log, sweptAt, running, halts, gaps } }: { seen: TenantAnswer }) {
  return (
    <>
      <dl class="facts">
        <dt>Stream</dt>
        <dd>
          {stream === null ? (
            'never delivered'
          ) : (
            <>
              delivered <Moment at={stream.deliveredAt} />{' '}
              {stream.isSilent && <Badge tone="bad">silent</Badge>}
            </>
          )}
        </dd>
        <dt>Log</dt>
        <dd>
          {log === null ? (
            'never read'
          ) : log.readAt === null ? (
            <>
              read up to <Moment at={log.until} />
            </>
          ) : (
            <>
              read <Moment at={log.readAt} />
            </>
          )}
        </dd>
        <dt>Everyone</dt>
        <dd>
          {sweptAt === null ? (
            <Badge tone="unknown">never swept</Badge>
          ) : (
            <>
              full sweep <Moment at={sweptAt} />
            </>
          )}
        </dd>
        {running !== null && (
          <>
            <dt>Sweep</dt>
            <dd>
              <Progress sweep={running} />
            </dd>
          </>
        )}
        {halts > 0 && (
          <>
            <dt>Halted</dt>
            <dd>
              <a class="bad" href="/sweeps">
                {count(halts, 'halted run needs', 'halted runs need')} a decision
              </a>
            </dd>
          </>
        )}
      </dl>
      {gaps.map(({ since, message }) => (
        <p key={since} class="gap">
          <Badge tone="warn">gap</Badge> {readable(message)}
        </p>
      ))}
    </>
  );
}

export function Upstreams({ upstreams }: { upstreams: readonly UpstreamAnswer[] }) {
  return (
    <Panel title="API quota">
      {upstreams.length === 0 && <Empty>No calls yet.</Empty>}
      <ul class="rooms">
        {upstreams.map(({ upstream, title, tenant, bucket, remaining, limit, resetAt, waiting }) => (
          <li key={`${upstream} ${tenant} ${bucket}`}>
            <div class="room">
              <span>
                {title.replace(/^the /, '')}
                <span class="muted">
                  {[tenant ?? '', bucket].filter((part) => part !== '').map((part) => ` ${part}`)}
                </span>
              </span>
              <span class="figure">
                {number(remaining)}
                <span class="muted">{limit === null ? ' left' : `/${number(limit)} left`}</span>
              </span>
            </div>
            {limit !== null && (
              <Bar value={remaining} of={limit} tone={remaining * 10 < limit ? 'warn' : 'good'} />
            )}
            {waiting > 0 && (
              <p class="muted">
                {count(waiting, 'call waits', 'calls wait')}
                {resetAt !== null && Date.parse(resetAt) > now.value && (
                  <>
                    , quota resets <Moment at={resetAt} />
                  </>
                )}
              </p>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function Indexes({ indexes }: { indexes: OverviewAnswer['indexes'] }) {
  const unfit = indexes.filter(({ status }) => status !== 'fit');
  return (
    <Panel title="Indexes">
      {indexes.length === 0 && <Empty>Not checked yet.</Empty>}
      {indexes.length > 0 && unfit.length === 0 && (
        <p>
          <Badge tone="good">fit</Badge> {count(indexes.length, 'index', 'indexes')} that Concord depends on
        </p>
      )}
      <ul class="plain">
        {unfit.map(({ status, message }) => (
          <li key={message}>
            <Badge tone="bad">{status}</Badge> {message}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
