/** One chart. What draws it is loaded when it is first shown, so that the page is there before. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { refusalFrom } from '../api.ts';
import { moment } from '../words.ts';
import { type ChartData, isolated } from './series.ts';

interface ChartProps {
  readonly title: string;
  readonly data: ChartData;
  readonly shown: (value: number | null) => string;
}

/** As in the style sheet, so that nothing moves when the chart comes. */
const HEIGHT = 190;

export function Chart({ title, data, shown }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(data);
  const pointed = useSignal<number | null>(null);
  const problem = useSignal('');
  newest.current = data;

  useEffect(() => {
    let isGone = false;
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const draw = async (): Promise<void> => {
      const { default: Plot } = await import('uplot');
      await import('uplot/dist/uPlot.min.css');
      if (isGone || box.current === null) return;
      plot.current?.destroy();
      plot.current = new Plot(
        optionsFor(newest.current, box.current, shown, (index) => {
          pointed.value = index;
        }),
        drawn(newest.current),
        box.current,
      );
    };
    const begin = () => {
      draw().catch((error: unknown) => {
        problem.value = refusalFrom(error).message;
      });
    };
    const resize = new ResizeObserver(([entry]) => {
      if (entry !== undefined) plot.current?.setSize({ width: entry.contentRect.width, height: HEIGHT });
    });
    begin();
    if (box.current !== null) resize.observe(box.current);
    // Its colours are drawn and not styled.
    dark.addEventListener('change', begin);
    return () => {
      isGone = true;
      resize.disconnect();
      dark.removeEventListener('change', begin);
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => {
    plot.current?.setData(drawn(data));
  }, [data]);

  const at = pointed.value === null ? undefined : data.at[pointed.value];
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <span class="chart-at muted" aria-hidden="true">
          {at === undefined ? '' : moment(new Date(at * 1000).toISOString())}
        </span>
        <ul class="legend" aria-hidden="true">
          {data.series.map(({ name, colour, dash, values }) => (
            <li key={name}>
              <svg width="18" height="8" class={`key ${colour.slice(2)}`} aria-hidden="true">
                <line x1="0" x2="18" y1="4" y2="4" stroke-dasharray={dash.join(' ')} />
              </svg>
              {name} <b>{at === undefined ? '' : shown(values[pointed.value ?? 0] ?? null)}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="chart-box" ref={box} aria-hidden="true">
        {problem.value !== '' && (
          <p class="empty">The chart could not be loaded; the table below has its numbers.</p>
        )}
      </div>
    </figure>
  );
}

function drawn({ at, series }: ChartData): uPlot.AlignedData {
  return [[...at], ...series.map(({ values }) => [...values])];
}

function optionsFor(
  { series }: ChartData,
  box: HTMLElement,
  shown: (value: number | null) => string,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  return {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    tzDate: (seconds) => utc(seconds),
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_, __, highest) => [0, Math.max(highest * 1.1, 1)] } },
    axes: [
      { ...axis, size: 40, values: [...UTC_FORMATS], space: 64 },
      { ...axis, size: 62, space: 36, values: (_, splits) => splits.map((value) => shown(value)) },
    ],
    series: [
      {},
      ...series.map(({ name, colour: property, dash }) => ({
        label: name,
        stroke: colour(property),
        width: 1.5,
        dash: [...dash],
        points: {
          show: true,
          size: 5,
          fill: colour(property),
          filter: (plot: uPlot, index: number) => isolated([...(plot.data[index] ?? [])]),
        },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

/** A date whose local parts are those of UTC, because the page shows times in UTC. */
function utc(seconds: number): Date {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() + at.getTimezoneOffset() * 60_000);
}

const UTC_FORMATS: readonly (string | number | null)[][] = [
  [86_400, '{MMM} {D}', null, null, null, null, null, null, 1],
  [3600, '{HH}:{mm}', '\n{MMM} {D}', null, '\n{MMM} {D}', null, null, null, 1],
  [60, '{HH}:{mm}', '\n{MMM} {D}', null, '\n{MMM} {D}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{MMM} {D}', null, '\n{MMM} {D}', null, null, null, 1],
];
