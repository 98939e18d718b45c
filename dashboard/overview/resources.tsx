/** The share of users who have each resource. */
import type { OverviewAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { Bar } from '../parts/bar.tsx';
import { Panel } from '../parts/panel.tsx';
import { usersHref } from '../place.ts';
import { number } from '../words.ts';

export function Resources({ seen: { resources, isPartial } }: { seen: OverviewAnswer }) {
  return (
    <Panel title="Resources in sync">
      <table class="shares">
        <caption class="unseen">Resources in sync</caption>
        <thead class="unseen">
          <tr>
            <th scope="col">Resource</th>
            <th scope="col">Share</th>
            <th scope="col">In sync</th>
            <th scope="col">Out of sync</th>
          </tr>
        </thead>
        <tbody>
          {resources.map(({ resource, have, of }) => (
            <tr key={resource}>
              <th scope="row">{resource}</th>
              <td class="share">
                <Bar value={have} of={of} tone={have < of ? 'warn' : 'good'} />
              </td>
              <td class="figure">
                {isPartial && have < of && <span class="at-least">≤ </span>}
                {number(have)}
                <span class="muted">/{number(of)}</span>
              </td>
              <td class="lack">
                {of === 0 ? (
                  <span class="muted">no users yet</span>
                ) : have < of ? (
                  <a href={usersHref({ resource })}>
                    {number(of - have)} <span>{of - have === 1 ? 'lacks it' : 'lack it'}</span>
                  </a>
                ) : (
                  <span class="muted">all</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
