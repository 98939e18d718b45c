/**
 * Desired beside actual, and the plan. A look asks the systems themselves; until it is there, or where it fails, the
 * log's view is shown and called that.
 */
import type { Resource, UserAnswer } from '../../src/dashboard-data/answers.ts';
import { Badge, Mark } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problem, Waiting } from '../parts/waiting.tsx';
import type { Question } from '../question.ts';
import { listed, readable } from '../words.ts';

const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ['auth0', 'Auth0'],
  ['mongodb', 'MongoDB'],
  ['pds', 'the PDS'],
  ['plc', 'the DID directory'],
]);

export function Look({ seen, look }: { seen: UserAnswer; look: Question<UserAnswer> }) {
  const { data: found, refusal, isAsking } = look.held.value;
  const shown = found ?? seen;
  return (
    <>
      <Panel
        title="Desired and actual"
        aside={
          <span class="muted">
            {found === undefined ? (
              'as the log knows it'
            ) : (
              <>
                as found <Moment at={found.asOf} />
              </>
            )}
            {isAsking && ', looking …'}
          </span>
        }
      >
        {refusal !== undefined && <Problem refusal={refusal} onAgain={() => look.ask()} />}
        {shown.unread.length > 0 && (
          <p class="banner unknown">
            <Badge tone="unknown">Not asked</Badge>{' '}
            {listed(
              shown.unread.map(({ upstream, code }) => `${SYSTEMS.get(upstream) ?? upstream} (${code})`),
            )}
            . What rests on that is as the log knows it.
          </p>
        )}
        <SideBySide shown={shown} />
        {shown.untold.length > 0 && (
          <>
            <h3>Found, and not in the log yet</h3>
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
        {found === undefined && refusal !== undefined && <Empty>Not known without a look.</Empty>}
        {found !== undefined && <Plan found={found} />}
      </Panel>
    </>
  );
}

function SideBySide({ shown }: { shown: UserAnswer }) {
  if (shown.resources.length === 0) return <Empty>Nothing is known of what should be.</Empty>;
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

/** What is not managed is not as desired either: nothing is desired of it. */
function isLeft(of: Resource, { health, conditions }: UserAnswer): boolean {
  if (health === 'Deleted') return true;
  return conditions.some(({ resource, reason }) => resource === of && LEFT.has(reason));
}

function Plan({ found: { plan, withheld, retryAt, unread, troubles } }: { found: UserAnswer }) {
  return (
    <>
      {withheld !== null && (
        <p class="banner idle">
          <Mark tone="idle" /> Nothing of this would be done now: {readable(withheld.message)}
        </p>
      )}
      {plan === null ? (
        <Empty>Not known{unread.length > 0 && ': not all could be asked'}.</Empty>
      ) : plan.length === 0 ? (
        <Empty>
          Nothing to do: a pass would change nothing.
          {troubles.some(({ held }) => held) && ' What is held waits for a person.'}
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
          Looked at again <Moment at={retryAt} />.
        </p>
      )}
    </>
  );
}
