/** Users that match the filters of the address, fifty at a time. */
import { useEffect } from 'preact/hooks';
import type { UserRow, UsersAnswer, UsersQuery } from '../../src/dashboard-data/answers/users.ts';
import { useAnswer } from '../asked.ts';
import { find } from '../find.ts';
import { Badge } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { Answer } from '../parts/waiting.tsx';
import { searchOf, userHref, usersHref } from '../place.ts';
import { questions } from '../question.ts';
import { count, healthWord, listed, syncWord, toneOfHealth, toneOfSync } from '../words.ts';
import { emptySentence } from './empty.ts';
import { Filters } from './filters.tsx';

/** People read the list, so it does not need to follow each of a thousand reconciliations. */
const LIST_GATHER_MS = 1000;

const lists = questions<UsersAnswer>();
/** Which page a page was reached from, by its address; of those that were shown. */
const before = new Map<string, string>();

export function UsersPage({ query }: { query: UsersQuery }) {
  const list = lists(`/api/users${searchOf(query)}`);
  // Any user who changed may now match, or no longer match.
  const held = useAnswer(list, ({ users }) => users === null || users.length > 0, LIST_GATHER_MS);
  const next = held.data?.next ?? null;
  const nextHref = next === null ? null : usersHref({ ...query, after: next });
  const here = usersHref(query);
  useEffect(() => {
    if (nextHref !== null) before.set(nextHref, here);
  }, [nextHref, here]);
  const first = usersHref({ ...query, after: undefined });
  return (
    <div class="page">
      <h1 tabIndex={-1}>Users</h1>
      <Filters query={query} />
      <Answer held={held} what="users" lines={14} onAgain={() => list.ask()}>
        {({ users, suggestions, unasked }) => (
          <>
            {unasked.length > 0 && (
              <p class="banner unknown">
                Auth0 could not be asked about{' '}
                {listed(unasked.map(({ tenant, code }) => `${tenant} (${code})`))}: there may be more than are
                shown.
              </p>
            )}
            {users.length === 0 ? (
              <Nobody query={query} suggestions={suggestions} />
            ) : (
              <Table users={users} hasMore={nextHref !== null} />
            )}
            {(query.after !== undefined || nextHref !== null) && (
              <nav class="pages" aria-label="Pages of users">
                {query.after !== undefined && (
                  <a href={before.get(here) ?? first}>{before.has(here) ? 'Previous' : 'First page'}</a>
                )}
                {nextHref !== null && <a href={nextHref}>Next</a>}
              </nav>
            )}
          </>
        )}
      </Answer>
    </div>
  );
}

function Nobody({ query, suggestions }: { query: UsersQuery; suggestions: readonly string[] }) {
  return (
    <div class="no-user" role="status">
      <p>{emptySentence(query)}</p>
      {suggestions.length > 0 && (
        <p>
          Did you mean{' '}
          {suggestions.map((suggestion, index) => (
            <span key={suggestion}>
              {index > 0 && (index === suggestions.length - 1 ? ' or ' : ', ')}
              <a
                href={usersHref({ search: suggestion })}
                onClick={(event) => {
                  event.preventDefault();
                  void find(suggestion);
                }}
              >
                {suggestion}
              </a>
            </span>
          ))}
          ?
        </p>
      )}
    </div>
  );
}

function Table({ users, hasMore }: { users: readonly UserRow[]; hasMore: boolean }) {
  return (
    <table class="users cards">
      <caption>
        {count(users.length, 'user')}
        {hasMore && ', and more'}
      </caption>
      <thead>
        <tr>
          <th scope="col">User</th>
          <th scope="col">Code</th>
          <th scope="col">Handle</th>
          <th scope="col">Sync</th>
          <th scope="col">Health</th>
          <th scope="col">Out of sync</th>
          <th scope="col">Next run</th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <Row key={user.user} user={user} />
        ))}
      </tbody>
    </table>
  );
}

function Row({
  user: { user, code, handle, sync, health, troubles, attempts, quarantined, dueAt },
}: {
  user: UserRow;
}) {
  return (
    <tr>
      <th scope="row" data-label="User">
        <a href={userHref(user)}>{user}</a>
      </th>
      <td data-label="Code">{code === null ? <span class="muted">none</span> : <code>{code}</code>}</td>
      <td data-label="Handle" class="handle">
        {handle === null ? <span class="muted">none</span> : handle}
      </td>
      <td data-label="Sync">
        <Badge tone={toneOfSync(sync, health)}>{syncWord(sync, health)}</Badge>
      </td>
      <td data-label="Health">
        <Badge tone={toneOfHealth(health)}>{healthWord(health)}</Badge>
      </td>
      <td data-label="Out of sync" class="prose">
        {quarantined && <b class="bad">Quarantined </b>}
        {troubles.length === 0 && !quarantined && <span class="muted nothing">nothing</span>}
        {troubles.map(({ resource, reason, held, message }) => (
          <span key={resource} class="trouble" title={message}>
            <span class="muted">{resource}</span> {reason}
            {held && <span class="held"> needs action</span>}
          </span>
        ))}
      </td>
      <td data-label="Next run" class="next-look">
        {dueAt === null ? <span class="muted nothing">next sweep</span> : <Moment at={dueAt} />}
        {attempts > 0 && <div class="muted figure">{count(attempts, 'failure')}</div>}
      </td>
    </tr>
  );
}
