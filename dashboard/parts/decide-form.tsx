/** Asks who and why, and sends a decision. It shows a refusal, and keeps what was typed. */
import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Decider, Decision, DecisionAnswer } from '../../src/dashboard-data/answers/decisions.ts';
import { decide, refusalFrom } from '../api.ts';
import { Dialog } from './dialog.tsx';

const LONGEST_NAME = 80;
const LONGEST_REASON = 500;
const NAME_KEPT_AS = 'concord.by';

interface DecideFormProps {
  readonly title: string;
  /** What will happen, in a sentence. */
  readonly what: ComponentChildren;
  /** What the button says. */
  readonly verb: string;
  readonly isGrave?: boolean;
  /** While the form has not got what it needs. */
  readonly isUnready?: ReadonlySignal<boolean>;
  readonly children?: ComponentChildren;
  /** What is decided, or what is wrong with what was given. */
  readonly decision: (decider: Decider) => Decision | { readonly wrong: string };
  readonly onClose: () => void;
  readonly onDone: (answer: DecisionAnswer) => void;
}

export function DecideForm(props: DecideFormProps) {
  const { title, what, verb, isGrave = false, isUnready, children, decision, onClose, onDone } = props;
  const by = useRef<HTMLInputElement>(null);
  const reason = useRef<HTMLTextAreaElement>(null);
  const problem = useSignal('');
  const isAsking = useSignal(false);
  // The first missing field; the heading, where there is text to read first.
  useEffect(() => {
    if (isUnready === undefined) (by.current?.value === '' ? by : reason).current?.focus();
  }, []);

  const send = async (): Promise<void> => {
    const decider = { by: by.current?.value.trim() ?? '', reason: oneLine(reason.current?.value ?? '') };
    if (decider.by === '' || decider.reason === '') {
      problem.value = 'Enter who decides and why. Both are recorded.';
      return;
    }
    const decided = decision(decider);
    if ('wrong' in decided) {
      problem.value = decided.wrong;
      return;
    }
    isAsking.value = true;
    problem.value = '';
    try {
      const answer = await decide(decided);
      keepName(decider.by);
      onDone(answer);
    } catch (error) {
      problem.value = refusalFrom(error).message;
    } finally {
      isAsking.value = false;
    }
  };

  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="decide"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isAsking.value && isUnready?.value !== true) void send();
        }}
      >
        <div class="dialog-what">{what}</div>
        {children}
        <label>
          <span>Who</span>
          <input
            ref={by}
            name="by"
            required
            maxLength={LONGEST_NAME}
            defaultValue={keptName()}
            autocomplete="name"
          />
        </label>
        <label>
          <span>Why</span>
          <textarea ref={reason} name="reason" required rows={3} maxLength={LONGEST_REASON} />
        </label>
        <p class="hint">Both are recorded in the log.</p>
        <p class="form-problem" role="alert">
          {problem.value}
        </p>
        <div class="dialog-buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={isGrave ? 'primary grave' : 'primary'}
            disabled={isAsking.value || isUnready?.value === true}
          >
            {verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** What is kept in the log is one line of it. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Who decides is remembered on this machine. A browser that keeps nothing is asked again, and no less able. */
function keptName(): string {
  try {
    return window.localStorage.getItem(NAME_KEPT_AS) ?? '';
  } catch {
    return '';
  }
}

function keepName(name: string): void {
  try {
    window.localStorage.setItem(NAME_KEPT_AS, name);
  } catch {
    return;
  }
}
