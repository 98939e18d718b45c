/** Sweeps: what runs, what a limit halted, what was. */
import type { SweepsAnswer } from '../../src/dashboard-data/answers/sweeps.ts';
import { useAnswer } from '../asked.ts';
import { Badge } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Progress } from '../parts/progress.tsx';
import { Answer } from '../parts/waiting.tsx';
import { question } from '../question.ts';
import { Halts } from './halts.tsx';
import { Runs } from './runs.tsx';

const sweeps = question<SweepsAnswer>('/api/sweeps');

export function SweepsPage() {
  const held = useAnswer(sweeps, (changed) => changed.sweeps);
  return (
    <div class="page">
      <h1 tabIndex={-1}>Sweeps</h1>
      <p class="muted lead">
        A full sweep compares all users, in case events were lost. It runs at the start, every night, and with{' '}
        <code>concord reconcile --all</code>.
      </p>
      <Answer held={held} what="sweeps" lines={12} onAgain={() => sweeps.ask()}>
        {(seen) => (
          <>
            <Now tenants={seen.tenants} />
            <Halts halts={seen.halts} />
            <Runs runs={seen.runs} tenants={seen.tenants} />
          </>
        )}
      </Answer>
    </div>
  );
}

function Now({ tenants }: { tenants: SweepsAnswer['tenants'] }) {
  return (
    <Panel title="Now">
      {tenants.length === 0 && <Empty>No tenant is configured.</Empty>}
      <dl class="facts">
        {tenants.map(({ tenant, sweptAt, running }) => (
          <div key={tenant} class="now">
            <dt>{tenant}</dt>
            <dd>
              {running === null ? 'No sweep is running. ' : <Progress sweep={running} />}
              {sweptAt === null ? (
                <Badge tone="unknown">never swept</Badge>
              ) : (
                <span class="muted">
                  The last full sweep ended <Moment at={sweptAt} />.
                </span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
