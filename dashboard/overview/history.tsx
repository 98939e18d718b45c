/** Reconciliation times and event counts over time. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import {
  HISTORY_RANGES,
  type HistoryAnswer,
  type HistoryRange,
} from '../../src/dashboard-data/answers/overview.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problem } from '../parts/waiting.tsx';
import { question } from '../question.ts';
import { moment } from '../words.ts';
import { Chart } from './chart.tsx';
import { eventSeries, latencySeries, shownDuration, shownNumber, spoken } from './series.ts';

const histories: Readonly<Record<HistoryRange, ReturnType<typeof question<HistoryAnswer>>>> = {
  '1h': question('/api/history?range=1h'),
  '6h': question('/api/history?range=6h'),
  '24h': question('/api/history?range=24h'),
  '7d': question('/api/history?range=7d'),
};

const ASK_EVERY_MS = 10_000;

export function History() {
  const range = useSignal<HistoryRange>('1h');
  const history = histories[range.value];
  useEffect(() => {
    history.ask();
    const timer = setInterval(() => {
      if (!document.hidden) history.ask();
    }, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [history]);
  const { data, refusal } = history.held.value;
  return (
    <Panel
      title="History"
      aside={
        <fieldset class="ranges">
          <legend class="unseen">Time range</legend>
          {HISTORY_RANGES.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="range"
                value={each}
                checked={each === range.value}
                onChange={() => {
                  range.value = each;
                }}
              />
              <span>{each}</span>
            </label>
          ))}
        </fieldset>
      }
    >
      {refusal !== undefined && <Problem refusal={refusal} onAgain={() => history.ask()} />}
      {data === undefined || data.buckets.length === 0 ? (
        <div class="charts-place">{data !== undefined && <Empty>Counting events …</Empty>}</div>
      ) : (
        <Charts data={data} />
      )}
    </Panel>
  );
}

function Charts({ data }: { data: HistoryAnswer }) {
  const latency = useMemo(() => latencySeries(data), [data]);
  const events = useMemo(() => eventSeries(data), [data]);
  return (
    <div class="charts-place">
      <p class="unseen">{spoken(data)}</p>
      <div class="charts">
        <Chart title="Time to reconcile" data={latency} shown={shownDuration} />
        <Chart title="Events" data={events} shown={shownNumber} />
      </div>
      <details class="as-table">
        <summary>As a table</summary>
        <Numbers data={data} />
      </details>
    </div>
  );
}

/** Only the times at which something happened. */
function Numbers({ data: { buckets } }: { data: HistoryAnswer }) {
  const told = buckets.filter(
    ({ heard, effects, failed, converged }) => heard + effects + failed + converged > 0,
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable area must be reachable by keyboard.
    <section class="scrolled" aria-label="History as a table" tabIndex={0}>
      <table>
        <caption>Events over time. Periods without events are not listed.</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            {['Ingested', 'Applied', 'Reconciled', 'Failed', 'p50', 'p95'].map((name) => (
              <th key={name} scope="col" class="figure">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {told.toReversed().map(({ at, heard, effects, converged, failed, p50Ms, p95Ms }) => (
            <tr key={at}>
              <th scope="row">{moment(at)}</th>
              <td class="figure">{shownNumber(heard)}</td>
              <td class="figure">{shownNumber(effects)}</td>
              <td class="figure">{shownNumber(converged)}</td>
              <td class="figure">{shownNumber(failed)}</td>
              <td class="figure">{shownDuration(p50Ms)}</td>
              <td class="figure">{shownDuration(p95Ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
