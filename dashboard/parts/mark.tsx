/** A word with its mark and colour. Marks differ in shape, so that colour is never the only difference. */
import type { ComponentChildren } from 'preact';
import type { Health, Sync } from '../../src/dashboard-data/answers/status.ts';
import { healthWord, syncWord, type Tone, toneOfHealth, toneOfSync } from '../words.ts';

const SHAPES: Readonly<Record<Tone, string>> = {
  good: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.1L7.2 11 4.4 8.4l1-1.1 1.7 1.6 3.4-3.8Z',
  busy: 'M8 1a7 7 0 1 0 7 7h-2a5 5 0 1 1-5-5Z',
  warn: 'M8 1 15 8 8 15 1 8Zm-.8 3.6v4.2h1.6V4.6Zm0 5.2v1.6h1.6V9.8Z',
  bad: 'M8 1.2 15.4 14H.6ZM7.2 6v4h1.600V6Zm0 5v1.600h1.600V11Z',
  unknown:
    'M2 1h12v14H2Zm4 4.800h1.500c0-.6.3-.9.8-.9s.8.3.8.7c0 .4-.2.6-.7 1C7.6 7.2 7.3 7.7 7.3 9h1.500c0-.8.2-1 .8-1.5.7-.6 1-1.1 1-1.9 0-1.3-1-2.1-2.3-2.100C6.9 3.5 6 4.4 6 5.800ZM7.2 10.200v1.600h1.700v-1.600Z',
  idle: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM5.5 5h1.700v6H5.500Zm3.3 0h1.700v6H8.800Z',
};

export function Mark({ tone }: { tone: Tone }) {
  return (
    <svg class={`mark ${tone}`} viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path fill-rule="evenodd" d={SHAPES[tone]} />
    </svg>
  );
}

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <Mark tone={tone} />
      <span>{children}</span>
    </span>
  );
}

/** The two axes, beside one another and never as one. */
export function Axes({ sync, health }: { sync: Sync; health: Health }) {
  return (
    <dl class="axes">
      <div>
        <dt>Sync</dt>
        <dd>
          <Badge tone={toneOfSync(sync, health)}>{syncWord(sync, health)}</Badge>
        </dd>
      </div>
      <div>
        <dt>Health</dt>
        <dd>
          <Badge tone={toneOfHealth(health)}>{healthWord(health)}</Badge>
        </dd>
      </div>
    </dl>
  );
}
