/** Pauses one user, for a time. */
import { useSignal } from '@preact/signals';
import type { DecisionAnswer } from '../../src/dashboard-data/answers/decisions.ts';
import { DecideForm } from '../parts/decide-form.tsx';
import { SPAN_WORDS, SPANS, type Span, untilOf } from '../parts/until.ts';

interface PauseFormProps {
  readonly user: string;
  readonly onClose: () => void;
  readonly onDone: (answer: DecisionAnswer) => void;
}

export function PauseForm({ user, onClose, onDone }: PauseFormProps) {
  const span = useSignal<Span>('1h');
  const at = useSignal('');
  return (
    <DecideForm
      title="Pause"
      what={
        <p>
          Concord changes nothing for <b>{user}</b> during the pause. It still records events. A
          reconciliation that is running now ends first.
        </p>
      }
      verb="Pause"
      decision={(decider) => {
        const ends = untilOf(span.value, at.value, Date.now());
        return 'wrong' in ends ? ends : { type: 'pause', user, until: ends.until, ...decider };
      }}
      onClose={onClose}
      onDone={onDone}
    >
      <fieldset class="spans">
        <legend>Until</legend>
        {SPANS.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="span"
              value={each}
              checked={span.value === each}
              onChange={() => {
                span.value = each;
              }}
            />
            <span>{SPAN_WORDS[each]}</span>
          </label>
        ))}
        <label class={span.value === 'moment' ? 'span-at' : 'span-at unseen'}>
          <span>In your own time zone</span>
          <input
            type="datetime-local"
            name="at"
            disabled={span.value !== 'moment'}
            onInput={({ currentTarget }) => {
              at.value = currentTarget.value;
            }}
          />
        </label>
      </fieldset>
    </DecideForm>
  );
}
