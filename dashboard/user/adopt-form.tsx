/** The evidence for and against an account being this user's, and a person's decision. */
import type { AdoptionAnswer, DecisionAnswer } from '../../src/dashboard-data/answers/decisions.ts';
import { Copy } from '../parts/copy.tsx';
import { DecideForm } from '../parts/decide-form.tsx';
import { Badge } from '../parts/mark.tsx';
import { Answer } from '../parts/waiting.tsx';
import { Sure, useProposal } from './proposal.tsx';

interface AdoptFormProps {
  readonly user: string;
  readonly onClose: () => void;
  readonly onDone: (answer: DecisionAnswer) => void;
}

export function AdoptForm({ user, onClose, onDone }: AdoptFormProps) {
  const { asked, isSure, isUnready } = useProposal<AdoptionAnswer>('adoption', user);
  return (
    <DecideForm
      title="Adopt"
      what={
        <>
          <p>
            Concord adopts the account below for <b>{user}</b>, and its handle and email follow the user's. A
            matching handle or email alone proves nothing.
          </p>
          <Answer held={asked.held.value} what="the evidence" lines={4} onAgain={() => asked.ask()}>
            {(adoption) => <Evidence adoption={adoption} />}
          </Answer>
        </>
      }
      verb="Adopt"
      isGrave
      isUnready={isUnready}
      decision={(decider) => {
        const did = asked.held.value.data?.did;
        return did === undefined
          ? { wrong: 'There is no account to adopt.' }
          : { type: 'adopt', user, did, ...decider };
      }}
      onClose={onClose}
      onDone={onDone}
    >
      <Sure isSure={isSure}>I have seen the evidence, and it is their account</Sure>
    </DecideForm>
  );
}

function Evidence({ adoption: { did, handle, state, evidence, password } }: { adoption: AdoptionAnswer }) {
  return (
    <>
      <p class="candidate">
        <code>{did}</code> <Copy text={did} what="the DID" />
        <br />@{handle.replace(/^@/, '')}, {state}
      </p>
      <ul class="evidence" aria-label="Evidence">
        {evidence.map(({ says, what }) => (
          <li key={what}>
            <Badge tone={says === 'for' ? 'good' : 'bad'}>{says}</Badge> {what}
          </li>
        ))}
      </ul>
      <p>{password.what}</p>
    </>
  );
}
