/**
 * Desired and actual state, and the plan. A dry run reads the upstreams; until its answer arrives, or when it fails,
 * the state from the log is shown and labelled so.
 */

import type { Resource } from '../../src/dashboard-data/answers/status.ts';
import type { UserAnswer } from '../../src/dashboard-data/answers/users.ts';
import { Badge, Mark } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problem, Waiting } from '../parts/waiting.tsx';
import type { Question } from '../question.ts';
import { listed, readable } from '../words.ts';

export function Observation({ seen, observation }: { seen: UserAnswer; observation: Question<UserAnswer> }) {
  const { data: found, refusal, isAsking } = observation.held.value;
  const shown = found ?? seen;
  return (
    <>
      <Panel
        title="Desired and actual"
        aside={
          <span class="muted">
            {found === undefined ? (
              'from the log'
            ) : (
              <>
                read <Moment at={found.asOf} />
              </>
            )}
            {isAsking && ', looking …'}
          </span>
        }
      >
        {refusal !== undefined && <Problem refusal={refusal} onAgain={() => observation.ask()} />}
        {shown.unread.length > 0 && (
          <p class="banner unknown">
            <Badge tone="unknown">Not read</Badge>{' '}
            {listed(shown.unread.map(({ title, code }) => `${title} (${code})`))}. What depends on it is shown
            from the log.
          </p>
        )}
        <SideBySide shown={shown} />
        {shown.untold.length > 0 && (
          <>
            <h3>Found, but not in the log yet</h3>
            <ul class="plain">
              {shown.untold.map((text) => (
                <li key={text}>{readable(text)}</li>
              ))}
            </ul>
          </>
        )}
      </Panel>
      <Panel title="Plan">
        {found === undefined && refusal === undefined && <Waiting lines={2} what="the plan" />}
        {found === undefined && refusal !== undefined && (
          <Empty>Unknown: the upstreams could not be read.</Empty>
        )}
        {found !== undefined && <Plan found={found} />}
      </Panel>
    </>
  );
}

function SideBySide({ shown }: { shown: UserAnswer }) {
  if (shown.resources.length === 0) return <Empty>The desired state is unknown.</Empty>;
  return (
    <table class="cards side-by-side">
      <caption class="unseen">Desired and actual</caption>
      <thead>
        <tr>
          <th scope="col">Resource</th>
          <th scope="col">Desired</th>
          <th scope="col">Actual</th>
          <th scope="col">
            <span class="unseen">Difference</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.resources.map(({ resource, desired, actual, differs }) => (
          <tr key={resource} class={differs === true ? 'differs' : ''}>
            <th scope="row" data-label="Resource">
              {resource}
            </th>
            <td data-label="Desired">{desired}</td>
            <td data-label="Actual">{actual}</td>
            <td class="verdict-cell" data-label="Difference">
              {differs === null ? (
                <Badge tone="unknown">unknown</Badge>
              ) : differs ? (
                <Badge tone="warn">differs</Badge>
              ) : isLeft(resource, shown) ? (
                <Badge tone="idle">not managed</Badge>
              ) : (
                <Badge tone="good">same</Badge>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const LEFT: ReadonlySet<string> = new Set(['NotManaged', 'AccountMigrated']);

/** A resource that is not managed has no desired state, so it is not in sync either. */
function isLeft(of: Resource, { health, conditions }: UserAnswer): boolean {
  if (health === 'Deleted') return true;
  return conditions.some(({ resource, reason }) => resource === of && LEFT.has(reason));
}

function Plan({ found: { plan, withheld, retryAt, unread, troubles } }: { found: UserAnswer }) {
  return (
    <>
      {withheld !== null && (
        <p class="banner idle">
          <Mark tone="idle" /> Concord applies none of this now: {readable(withheld.message)}
        </p>
      )}
      {plan === null ? (
        <Empty>Unknown{unread.length > 0 && ': an upstream could not be read'}.</Empty>
      ) : plan.length === 0 ? (
        <Empty>
          Nothing to do: a reconciliation would change nothing.
          {troubles.some(({ held }) => held) && ' Some conditions need action.'}
        </Empty>
      ) : (
        <ol class="plan">
          {plan.map(({ resource, type, detail }, index) => (
            <li key={index}>
              <b>{type}</b> <span class="muted">{resource}</span>
              {detail !== '' && <div>{readable(detail)}</div>}
            </li>
          ))}
        </ol>
      )}
      {retryAt !== null && (
        <p class="muted">
          Next reconciliation <Moment at={retryAt} />.
        </p>
      )}
    </>
  );
}
