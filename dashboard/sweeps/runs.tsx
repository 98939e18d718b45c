/** Past sweeps. */
import type { SweepRun, SweepsAnswer } from '../../src/dashboard-data/answers/sweeps.ts';
import { formatDuration } from '../../src/terminal/duration.ts';
import { Badge } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { count, haltWord, number } from '../words.ts';

export function Runs({ runs, tenants }: Pick<SweepsAnswer, 'runs' | 'tenants'>) {
  const hasTenants = tenants.length > 1;
  // Only the newest run of a tenant can be alive; an older one without an end was interrupted.
  const alive = new Set(
    tenants.flatMap(({ tenant, running }) => {
      const newest = runs.find((run) => run.tenant === tenant && run.endedAt === null);
      return running?.isAlive === true && newest !== undefined ? [newest.run] : [];
    }),
  );
  return (
    <Panel title="History">
      {runs.length === 0 ? (
        <Empty>
          No sweep has run yet. <code>concord reconcile --all</code> runs one.
        </Empty>
      ) : (
        <table class="cards runs">
          <caption class="unseen">Sweeps</caption>
          <thead>
            <tr>
              <th scope="col">Began</th>
              {hasTenants && <th scope="col">Tenant</th>}
              <th scope="col">Outcome</th>
              <th scope="col" class="figure">
                Users
              </th>
              <th scope="col" class="figure">
                Differed
              </th>
              <th scope="col" class="figure">
                Unreadable
              </th>
              <th scope="col" class="figure">
                Took
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <Run key={run.run} run={run} hasTenants={hasTenants} isAlive={alive.has(run.run)} />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Run({ run, hasTenants, isAlive }: { run: SweepRun; hasTenants: boolean; isAlive: boolean }) {
  const { tenant, startedAt, users, drifted, unreadable, durationMs, resumes } = run;
  return (
    <tr>
      <th scope="row" data-label="Began">
        <Moment at={startedAt} />
      </th>
      {hasTenants && <td data-label="Tenant">{tenant}</td>}
      <td data-label="Outcome">
        <Outcome run={run} isAlive={isAlive} />
        {resumes > 0 && <span class="muted"> resumed {count(resumes, 'time')}</span>}
      </td>
      <td class="figure" data-label="Users">
        {users === null ? '–' : number(users)}
      </td>
      <td class="figure" data-label="Differed">
        {drifted === null ? '–' : number(drifted)}
      </td>
      <td class={unreadable > 0 ? 'figure bad' : 'figure'} data-label="Unreadable">
        {number(unreadable)}
      </td>
      <td class="figure" data-label="Took">
        {durationMs === null ? '–' : formatDuration(durationMs)}
      </td>
    </tr>
  );
}

function Outcome({
  run: { endedAt, complete, inexact, halted },
  isAlive,
}: {
  run: SweepRun;
  isAlive: boolean;
}) {
  if (halted.length > 0)
    return <Badge tone="bad">halted: {halted.map((kind) => haltWord(kind).toLowerCase()).join(', ')}</Badge>;
  if (endedAt === null && isAlive) return <Badge tone="busy">running</Badge>;
  if (endedAt === null) return <Badge tone="warn">interrupted</Badge>;
  if (inexact !== null) return <Badge tone="warn">incomplete: {inexact.replaceAll('-', ' ')}</Badge>;
  return complete === false ? <Badge tone="warn">incomplete</Badge> : <Badge tone="good">complete</Badge>;
}
