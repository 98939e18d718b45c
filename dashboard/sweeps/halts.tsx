/** Runs that a safety limit stopped, and a person's approval. */
import { useSignal } from '@preact/signals';
import type { HaltAnswer } from '../../src/dashboard-data/answers/sweeps.ts';
import { DecideForm } from '../parts/decide-form.tsx';
import { Badge } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { userHref } from '../place.ts';
import { count, haltWord, number, readable } from '../words.ts';
import { consequenceOf } from './consequence.ts';

export function Halts({ halts }: { halts: readonly HaltAnswer[] }) {
  const asked = useSignal<HaltAnswer | undefined>(undefined);
  const told = useSignal('');
  const close = () => {
    asked.value = undefined;
  };
  const waiting = halts.filter(isOpen).length;
  return (
    <Panel
      title="Halted by a safety limit"
      aside={waiting > 0 && <Badge tone="bad">{count(waiting, 'needs', 'need')} a decision</Badge>}
    >
      <p class="told" role="status" aria-label="Outcome">
        {told.value}
      </p>
      {halts.length === 0 && <Empty>No recent halted run.</Empty>}
      <ul class="halts">
        {halts.map((halt) => (
          <Halt
            key={`${halt.run} ${halt.kind}`}
            halt={halt}
            onApprove={() => {
              told.value = '';
              asked.value = halt;
            }}
          />
        ))}
      </ul>
      {asked.value !== undefined && (
        <Approve
          halts={halts.filter((halt) => halt.run === asked.value?.run && isOpen(halt))}
          run={asked.value.run}
          onClose={close}
          onDone={({ what }) => {
            close();
            told.value = readable(what);
          }}
        />
      )}
    </Panel>
  );
}

function isOpen({ approved, closed }: HaltAnswer): boolean {
  return approved === null && closed === null;
}

function Halt({ halt, onApprove }: { halt: HaltAnswer; onApprove: () => void }) {
  const { run, tenant, kind, at, limit, count: many, of, what, sample } = halt;
  return (
    <li>
      <div class="halt-head">
        <h3>
          {haltWord(kind)} in {tenant}
        </h3>
        <span class="muted">
          <Moment at={at} />, run <code>{run}</code>
        </span>
      </div>
      <p>{what}</p>
      <dl class="figures">
        <div>
          <dt>Limit</dt>
          <dd>{number(limit)}</dd>
        </div>
        <div>
          <dt>Count</dt>
          <dd class="bad">{number(many)}</dd>
        </div>
        <div>
          <dt>Of</dt>
          <dd>{number(of)}</dd>
        </div>
      </dl>
      {sample.length > 0 && (
        <p class="sample">
          {sample.length < many ? 'Some of them: ' : 'They are: '}
          {sample.map((key) => (
            <a key={key} href={userHref(key)}>
              {key}
            </a>
          ))}
        </p>
      )}
      <Outcome halt={halt} onApprove={onApprove} />
    </li>
  );
}

function Outcome({
  halt: { kind, approved, closed, approvableUntil },
  onApprove,
}: {
  halt: HaltAnswer;
  onApprove: () => void;
}) {
  if (approved !== null)
    return (
      <p class="halt-foot">
        <Badge tone="good">Approved</Badge>
        <span>
          by {approved.by} <Moment at={approved.at} />
          {approved.reason !== null && `: ${approved.reason}`}
        </span>
      </p>
    );
  if (closed !== null)
    return (
      <p class="halt-foot">
        <Badge tone="idle">Closed</Badge>
        <span>
          by a later complete sweep <Moment at={closed.at} />, run <code>{closed.run}</code>. It can no longer
          be approved.
        </span>
      </p>
    );
  return (
    <p class="halt-foot">
      <button type="button" class={kind === 'renames' ? 'primary' : 'primary grave'} onClick={onApprove}>
        Approve…
      </button>
      <span class="muted">
        If you do nothing, nothing changes until the next complete sweep checks again. Approve it before that;
        the approval expires <Moment at={approvableUntil} />.
      </span>
    </p>
  );
}

interface ApproveProps {
  readonly run: string;
  /** All that the run was halted over: one approval is of all of it. */
  readonly halts: readonly HaltAnswer[];
  readonly onClose: () => void;
  readonly onDone: (answer: { what: string }) => void;
}

function Approve({ run, halts, onClose, onDone }: ApproveProps) {
  return (
    <DecideForm
      title="Approve"
      what={
        <>
          <p>Only this run continues:</p>
          <ul class="consequences">
            {halts.map((halt) => (
              <li key={halt.kind}>{consequenceOf(halt)}</li>
            ))}
          </ul>
        </>
      }
      verb="Approve"
      isGrave={halts.some(({ kind }) => kind !== 'renames')}
      decision={(decider) => ({ type: 'approve', run, ...decider })}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
