/** What is wrong, the newest first, and what to type. */
import type { AlertAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { Command } from '../parts/copy.tsx';
import { First } from '../parts/first.tsx';
import { Badge, Mark } from '../parts/mark.tsx';
import { Lasting } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { userHref } from '../place.ts';
import { count, readable } from '../words.ts';

export function Alerts({ alerts }: { alerts: readonly AlertAnswer[] }) {
  return (
    <Panel
      title="Open alerts"
      isSteady
      aside={alerts.length > 0 && <Badge tone="bad">{count(alerts.length, 'alert')}</Badge>}
    >
      {alerts.length === 0 && (
        <Empty>
          <Mark tone="good" /> No alert is open.
        </Empty>
      )}
      <First of={alerts} most={2}>
        {(shown) => (
          <ul class="alerts">
            {shown.map(({ id, what, command, since, users, orMore, example, tenant }) => (
              <li key={id}>
                <p class="alert-what">{readable(what)}</p>
                <p class="alert-facts muted">
                  For <Lasting since={since} />
                  {users !== null && (
                    <>
                      , {orMore ? 'at least ' : ''}
                      {count(users, 'user')}
                    </>
                  )}
                  {tenant !== null && <>, in {tenant}</>}
                  {example !== null && (
                    <>
                      , such as <a href={userHref(example)}>{example}</a>
                    </>
                  )}
                </p>
                <Command text={command} />
              </li>
            ))}
          </ul>
        )}
      </First>
    </Panel>
  );
}
