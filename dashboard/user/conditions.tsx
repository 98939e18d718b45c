/** The condition of each resource, and since when. */
import type { UserAnswer } from '../../src/dashboard-data/answers/users.ts';
import { Badge } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { readable, type Tone } from '../words.ts';

const TONES: Readonly<Record<'True' | 'False' | 'Unknown', Tone>> = {
  True: 'good',
  False: 'warn',
  Unknown: 'unknown',
};

export function Conditions({ seen: { conditions, health } }: { seen: UserAnswer }) {
  // A deleted user has no desired state, so nothing is green.
  const tones = health === 'Deleted' ? { ...TONES, True: 'idle' as const } : TONES;
  return (
    <Panel title="Conditions">
      {conditions.length === 0 ? (
        <Empty>No reconciliation of this user has completed yet.</Empty>
      ) : (
        <table class="cards conditions">
          <caption class="unseen">Conditions</caption>
          <thead>
            <tr>
              <th scope="col">Resource</th>
              <th scope="col">In sync</th>
              <th scope="col">Reason</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {conditions.map(({ resource, status, reason, message, held, since }) => (
              <tr key={resource}>
                <th scope="row" data-label="Resource">
                  {resource}
                </th>
                <td data-label="In sync">
                  <Badge tone={tones[status]}>{status}</Badge>
                </td>
                <td class="prose" data-label="Reason">
                  {reason}
                  {held && <span class="held"> needs action</span>}
                  <br />
                  <span class="muted">{readable(message)}</span>
                </td>
                <td data-label="Since">
                  {since === null ? <span class="muted">just found</span> : <Moment at={since} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
