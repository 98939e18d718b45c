/** A moment, relative and ticking; the absolute one on hover and for machines. */
import { useComputed } from '@preact/signals';
import { formatDuration, formatRelative } from '../../src/terminal/duration.ts';
import { now } from '../clock.ts';
import { inBothZones } from '../words.ts';

export function Moment({ at }: { at: string }) {
  // Only this text is drawn again each second, and not what stands around it.
  const text = useComputed(() => formatRelative(new Date(at), new Date(now.value)));
  return (
    <time class="moment" dateTime={at} title={inBothZones(at)}>
      {text}
    </time>
  );
}

/** How long it has lasted. */
export function Lasting({ since }: { since: string }) {
  const text = useComputed(() => formatDuration(now.value - Date.parse(since)));
  return (
    <time class="moment" dateTime={since} title={`since ${inBothZones(since)}`}>
      {text}
    </time>
  );
}
