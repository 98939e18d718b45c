/** How far a sweep is. */
import type { RunningSweep } from '../../src/dashboard-data/answers/sweeps.ts';
import { count, number } from '../words.ts';
import { Badge } from './mark.tsx';
import { Moment } from './moment.tsx';

export function Progress({ sweep }: { sweep: RunningSweep }) {
  const { users, of, startedAt, drifted, resumes, isAlive } = sweep;
  return (
    <div class="progress">
      {isAlive ? <Badge tone="busy">running</Badge> : <Badge tone="warn">interrupted</Badge>}{' '}
      {users === null
        ? 'begun'
        : of === null
          ? `${count(users, 'user')}`
          : `${number(users)} of ${number(of)}`}
      {drifted !== null && drifted > 0 && `, ${number(drifted)} differed`}
      {users !== null && of !== null && of > 0 && (
        <progress aria-label="Progress of the sweep" value={Math.min(users, of)} max={of} />
      )}
      <span class="muted">
        begun <Moment at={startedAt} />
        {resumes > 0 && `, resumed ${count(resumes, 'time')}`}
        {!isAlive && '. No process runs it; the next sweep resumes it'}
      </span>
    </div>
  );
}
