/** What was removed and what a restore writes, and a person's decision. */
import type { DecisionAnswer, RestorationAnswer } from '../../src/dashboard-data/answers/decisions.ts';
import { DecideForm } from '../parts/decide-form.tsx';
import { Badge } from '../parts/mark.tsx';
import { Answer } from '../parts/waiting.tsx';
import { readable } from '../words.ts';
import { Sure, useProposal } from './proposal.tsx';

interface RestoreFormProps {
  readonly user: string;
  readonly onClose: () => void;
  readonly onDone: (answer: DecisionAnswer) => void;
}

export function RestoreForm({ user, onClose, onDone }: RestoreFormProps) {
  const { asked, isSure, isUnready } = useProposal<RestorationAnswer>('restoration', user);
  return (
    <DecideForm
      title="Restore"
      what={
        <>
          <p>
            Documents or the account of <b>{user}</b> were removed, and not by Concord. That may have been on
            purpose, so Concord creates nothing until you decide.
          </p>
          <Answer held={asked.held.value} what="what was removed" lines={4} onAgain={() => asked.ask()}>
            {(restoration) => <Restoration restoration={restoration} />}
          </Answer>
        </>
      }
      verb="Restore"
      isGrave
      isUnready={isUnready}
      decision={(decider) => {
        const what = asked.held.value.data?.what;
        return what === undefined
          ? { wrong: 'There is nothing to restore.' }
          : { type: 'restore', user, what, ...decider };
      }}
      onClose={onClose}
      onDone={onDone}
    >
      <Sure isSure={isSure}>The user did not ask for the removal, and Concord should write exactly this</Sure>
    </DecideForm>
  );
}

function Restoration({ restoration: { what, writes, warnings } }: { restoration: RestorationAnswer }) {
  return (
    <>
      {warnings.length > 0 && (
        <ul class="evidence" aria-label="Warnings">
          {warnings.map((warning) => (
            <li key={warning}>
              <Badge tone="bad">note</Badge> {readable(warning)}
            </li>
          ))}
        </ul>
      )}
      <p>Removed: {what.join(', ')}. What is written:</p>
      <ul class="evidence" aria-label="What is written">
        {writes.map(({ what: text }) => (
          <li key={text}>
            <Badge tone="good">writes</Badge> {readable(text)}
          </li>
        ))}
      </ul>
    </>
  );
}
