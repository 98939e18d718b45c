/** What a person can do about a user. A disabled button says why. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { UserAnswer } from '../../src/dashboard-data/answers/users.ts';
import { DecideForm } from '../parts/decide-form.tsx';
import type { Question } from '../question.ts';
import { readable } from '../words.ts';
import { AdoptForm } from './adopt-form.tsx';
import { PauseForm } from './pause-form.tsx';
import { ACTIONS, type Action, obstacleTo } from './permitted.ts';
import { RestoreForm } from './restore-form.tsx';

interface ActionsProps {
  readonly seen: UserAnswer;
  readonly observation: Question<UserAnswer>;
  /** The outcome, for people. */
  readonly onTold: (text: string) => void;
}

const NAMES: Readonly<Record<Action, string>> = {
  reconcile: 'Reconcile now…',
  look: 'Dry run',
  pause: 'Pause…',
  resume: 'Resume…',
  retry: 'Retry…',
  adopt: 'Adopt…',
  restore: 'Restore…',
};

export function Actions({ seen, observation: look, onTold }: ActionsProps) {
  const open = useSignal<Action | undefined>(undefined);
  const close = () => {
    open.value = undefined;
  };
  const done = ({ what }: { what: string }) => {
    close();
    onTold(readable(what));
  };
  const choose = (action: Action) => {
    onTold('');
    if (action !== 'look') {
      open.value = action;
      return;
    }
    onTold('Reading Auth0, MongoDB and the PDS; nothing is changed. The plan appears below.');
    look.ask();
  };
  return (
    <>
      <fieldset class="actions">
        <legend class="unseen">Actions</legend>
        {ACTIONS.map((action) => (
          <ActionButton
            key={action}
            name={NAMES[action]}
            isLikely={isLikely(action, seen)}
            obstacle={obstacleTo(action, seen)}
            onChoose={() => choose(action)}
            onRefused={onTold}
          />
        ))}
      </fieldset>
      <Form action={open.value} user={seen.user} onClose={close} onDone={done} />
    </>
  );
}

/** The action that probably helps is highlighted. */
function isLikely(action: Action, seen: UserAnswer): boolean {
  const helps: Action =
    seen.pause !== null
      ? 'resume'
      : obstacleTo('restore', seen) === null
        ? 'restore'
        : obstacleTo('adopt', seen) === null
          ? 'adopt'
          : seen.quarantined || seen.failure !== null
            ? 'retry'
            : 'reconcile';
  return action === helps && seen.sync !== 'Synced';
}

interface ActionButtonProps {
  readonly name: string;
  readonly isLikely: boolean;
  readonly obstacle: string | null;
  readonly onChoose: () => void;
  readonly onRefused: (text: string) => void;
}

/** It stays focusable, so that its reason can be read by keyboard. */
function ActionButton({ name, isLikely, obstacle, onChoose, onRefused }: ActionButtonProps) {
  const id = useId();
  return (
    <span class="action">
      <button
        type="button"
        class={isLikely ? 'primary' : ''}
        aria-disabled={obstacle !== null}
        aria-describedby={obstacle === null ? undefined : id}
        title={obstacle ?? undefined}
        onClick={() => (obstacle === null ? onChoose() : onRefused(`${name.replace('…', '')}: ${obstacle}`))}
      >
        {name}
      </button>
      {obstacle !== null && (
        <span id={id} class="unseen">
          {obstacle}
        </span>
      )}
    </span>
  );
}

interface FormProps {
  readonly action: Action | undefined;
  readonly user: string;
  readonly onClose: () => void;
  readonly onDone: (answer: { what: string }) => void;
}

function Form({ action, user, onClose, onDone }: FormProps) {
  switch (action) {
    case undefined:
    case 'look':
      return null;
    case 'reconcile':
      return (
        <DecideForm
          title="Reconcile now"
          what={
            <p>
              Concord reconciles <b>{user}</b> next. This is the same reconciliation that runs automatically,
              only sooner.
            </p>
          }
          verb="Reconcile now"
          decision={(decider) => ({ type: 'reconcile', user, ...decider })}
          onClose={onClose}
          onDone={onDone}
        />
      );
    case 'pause':
      return <PauseForm user={user} onClose={onClose} onDone={onDone} />;
    case 'resume':
      return (
        <DecideForm
          title="Resume"
          what={
            <p>
              The pause of <b>{user}</b> ends, and Concord reconciles the user next.
            </p>
          }
          verb="Resume"
          decision={(decider) => ({ type: 'resume', user, ...decider })}
          onClose={onClose}
          onDone={onDone}
        />
      );
    case 'retry':
      return (
        <DecideForm
          title="Retry"
          what={
            <p>
              Concord resets the failure count of <b>{user}</b> and reconciles the user next.
            </p>
          }
          verb="Retry"
          decision={(decider) => ({ type: 'retry', user, ...decider })}
          onClose={onClose}
          onDone={onDone}
        />
      );
    case 'adopt':
      return <AdoptForm user={user} onClose={onClose} onDone={onDone} />;
    case 'restore':
      return <RestoreForm user={user} onClose={onClose} onDone={onDone} />;
  }
}
