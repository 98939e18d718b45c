/** Text with a button that copies it. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const SAID_FOR_MS = 2000;

export function Copy({ text, what }: { text: string; what: string }) {
  const state = useSignal<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state.value === 'idle') return;
    const timer = setTimeout(() => {
      state.value = 'idle';
    }, SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [state.value]);
  const copy = () => {
    // Browsers give no clipboard to a page that came neither over TLS nor from this machine.
    if (navigator.clipboard === undefined) {
      state.value = 'failed';
      return;
    }
    navigator.clipboard.writeText(text).then(
      () => {
        state.value = 'copied';
      },
      () => {
        state.value = 'failed';
      },
    );
  };
  const said = { idle: 'Copy', copied: 'Copied', failed: 'Failed' }[state.value];
  return (
    <button type="button" class="copy" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={copy}>
      <span aria-hidden="true">{said}</span>
      <span class="unseen" role="status">
        {state.value === 'copied' ? 'Copied' : state.value === 'failed' ? 'Could not be copied' : ''}
      </span>
    </button>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <span class="command">
      <code>{text}</code>
      <Copy text={text} what="the command" />
    </span>
  );
}
