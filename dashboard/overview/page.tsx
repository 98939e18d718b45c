/** The overview: the verdict first, then problems, then everything else. */
import { useComputed, useSignal } from '@preact/signals';
import type { OverviewAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { now } from '../clock.ts';
import { connection, overview } from '../live.ts';
import { Axes, Mark } from '../parts/mark.tsx';
import { Lasting, Moment } from '../parts/moment.tsx';
import { Answer } from '../parts/waiting.tsx';
import { count, number, readable } from '../words.ts';
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
    return verdictOf(data, value.state === 'lost' ? now.value - value.since : 0, refusal?.message);
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
      <div class="verdict-facts">{data !== undefined && <Axes sync={data.sync} health={data.health} />}</div>
      <p class="verdict-note">{data !== undefined && <Note seen={data} />}</p>
    </div>
  );
}

/** One line, whatever it says, so that nothing below it moves: what is stale, else what waits. */
function Note({ seen: { stale, queue, lookedAt } }: { seen: OverviewAnswer }) {
  const isWhole = useSignal(false);
  const [first, ...others] = stale;
  if (first !== undefined)
    return (
      <>
        <strong>{(isWhole.value ? stale : [first]).map(({ message }) => readable(message)).join(' ')}</strong>
        {others.length > 0 && !isWhole.value && (
          <button
            type="button"
            class="inline"
            onClick={() => {
              isWhole.value = true;
            }}
          >
            and {number(others.length)} more
          </button>
        )}
      </>
    );
  return (
    <span class="muted">
      {lookedAt !== null && (
        <>
          Checked <Moment at={lookedAt} />.{' '}
        </>
      )}
      {queue.oldestDueSince !== null && (
        <>
          The oldest due user has waited <Lasting since={queue.oldestDueSince} />.{' '}
        </>
      )}
      {queue.waiting > 0 && `${count(queue.waiting, 'user is', 'users are')} due later. `}
    </span>
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
