/** How all stands: whether all is well first, then what is not, then everything else. */
import { useComputed } from '@preact/signals';
import type { OverviewAnswer } from '../../src/desk/answers.ts';
import { now } from '../clock.ts';
import { connection, overview } from '../live.ts';
import { Axes, Mark } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Answer } from '../parts/waiting.tsx';
import { Alerts } from './alerts.tsx';
import { Counts } from './counts.tsx';
import { Failures } from './failures.tsx';
import { History } from './history.tsx';
import { Resources } from './resources.tsx';
import { Situations } from './situations.tsx';
import { Indexes, Tenants, Upstreams } from './surroundings.tsx';
import { verdictOf } from './verdict.ts';

export function OverviewPage() {
  return (
    <div class="page">
      <h1 tabIndex={-1}>Overview</h1>
      <Verdict />
      <Answer held={overview.held.value} what="the overview" lines={12} onAgain={() => overview.ask()}>
        {(seen) => <Whole seen={seen} />}
      </Answer>
    </div>
  );
}

function Verdict() {
  const { data } = overview.held.value;
  const verdict = useComputed(() => {
    const { value } = connection;
    const { data, refusal } = overview.held.value;
    return verdictOf(data, value.state === 'lost' ? now.value - value.since : 0, refusal?.title);
  });
  const { tone, sentence } = verdict.value;
  return (
    <div class={`verdict ${tone}`}>
      <div class="verdict-line">
        <Mark tone={tone} />
        <p role="status" aria-label="Verdict">
          {sentence}
        </p>
      </div>
      <div class="verdict-facts">
        {data !== undefined && (
          <>
            <Axes sync={data.sync} health={data.health} />
            <p class="muted">
              {data.lookedAt === null ? (
                'No service ever looked'
              ) : (
                <>
                  Looked at <Moment at={data.lookedAt} />
                </>
              )}
            </p>
          </>
        )}
      </div>
      {data !== undefined && data.stale.length > 0 && (
        <ul class="stale">
          {data.stale.map(({ what, tenant, message }) => (
            <li key={`${what} ${tenant}`}>{message}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Whole({ seen }: { seen: OverviewAnswer }) {
  return (
    <>
      <Counts seen={seen} />
      <div class="halves">
        <Alerts alerts={seen.alerts} />
        <Situations seen={seen} />
      </div>
      <History />
      <div class="thirds">
        <Resources seen={seen} />
        <Tenants tenants={seen.tenants} />
        <div class="stack">
          <Upstreams upstreams={seen.upstreams} />
          <Indexes indexes={seen.indexes} />
        </div>
      </div>
      <Failures failures={seen.failures} />
    </>
  );
}
