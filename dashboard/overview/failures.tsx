/** Why reconciliations failed. */
import type { FailureAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { userHref, usersHref } from '../place.ts';
import { number } from '../words.ts';

export function Failures({ failures }: { failures: readonly FailureAnswer[] }) {
  if (failures.length === 0) return <p class="muted">No user's last reconciliation failed.</p>;
  return (
    <Panel title="Failures">
      <table class="cards failures">
        <caption class="unseen">Failures</caption>
        <thead>
          <tr>
            <th scope="col" class="figure">
              Users
            </th>
            <th scope="col">Code</th>
            <th scope="col">Upstream</th>
            <th scope="col">Message</th>
            <th scope="col">Since</th>
            <th scope="col">Longest affected</th>
          </tr>
        </thead>
        <tbody>
          {failures.map(({ code, upstream, title, message, users, quarantined, example, since }) => (
            <tr key={`${upstream} ${code}`}>
              <td class="figure" data-label="Users">
                <a class="big bad" href={usersHref({ situation: 'failing' })}>
                  {number(users)}
                </a>
                {quarantined > 0 && <div class="held">{number(quarantined)} quarantined</div>}
              </td>
              <th scope="row" data-label="Code">
                <code>{code}</code>
              </th>
              <td data-label="Upstream">{title ?? 'Concord'}</td>
              <td data-label="Message" class="prose">
                {message}
              </td>
              <td data-label="Since">
                <Moment at={since} />
              </td>
              <td data-label="Longest affected">
                <a class="clip" href={userHref(example)} title={example}>
                  {example}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
