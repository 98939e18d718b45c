/** Why users are out of sync, the most frequent reason first. */
import type { OverviewAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { Command } from '../parts/copy.tsx';
import { First } from '../parts/first.tsx';
import { Mark } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { userHref, usersHref } from '../place.ts';
import { number } from '../words.ts';

export function Situations({ seen: { situations, isPartial, users: all } }: { seen: OverviewAnswer }) {
  return (
    <Panel
      title="Incidents"
      isSteady
      aside={isPartial && <span class="muted">Minimum counts: not all affected users were read</span>}
    >
      {situations.length === 0 ? (
        <Empty>
          {all.synced === 0 ? (
            'No user is known to be in sync.'
          ) : (
            <>
              <Mark tone="good" /> All reconciled users are in sync.
            </>
          )}
        </Empty>
      ) : (
        <First of={situations} most={3}>
          {(shown) => (
            <table class="cards situations">
              <caption class="unseen">Incidents</caption>
              <thead>
                <tr>
                  <th scope="col" class="figure">
                    Users
                  </th>
                  <th scope="col">Condition and command</th>
                  <th scope="col">Longest affected</th>
                </tr>
              </thead>
              <tbody>
                {shown.map(({ resource, reason, users, held, example, since, command }) => (
                  <tr key={`${resource} ${reason}`}>
                    <td class="figure" data-label="Users">
                      <a href={usersHref({ resource, reason })} class={held > 0 ? 'big bad' : 'big warn'}>
                        {isPartial && <span class="at-least">≥ </span>}
                        {number(users)}
                        <span class="unseen">
                          {' '}
                          with {resource} {reason}
                        </span>
                      </a>
                    </td>
                    <th scope="row" data-label="Condition">
                      <span class="muted">{resource}</span> {reason}
                      {held > 0 && (
                        <span class="held">
                          {' '}
                          {held === users ? 'needs action' : `${number(held)} need action`}
                        </span>
                      )}
                      <Command text={command} />
                    </th>
                    <td data-label="Longest affected">
                      <a href={userHref(example)} class="clip" title={example}>
                        {example}
                      </a>
                      <br />
                      <Moment at={since} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </First>
      )}
    </Panel>
  );
}
