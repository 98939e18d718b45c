/** The filters of the user list. They are in the address, so that a list can be linked to. */
import { SITUATIONS, type UsersQuery } from '../../src/dashboard-data/answers/users.ts';
import { overview } from '../live.ts';
import { HEALTHS, SYNCS, usersHref } from '../place.ts';
import { go } from '../router.ts';
import { situationWord } from '../words.ts';

export function Filters({ query }: { query: UsersQuery }) {
  const { data } = overview.held.value;
  const reasons = [...new Set((data?.situations ?? []).map(({ reason }) => reason))].sort();
  const subjects = [...(data?.resources ?? []).map(({ resource }) => resource), 'auth0', 'pause'];
  const tenants = (data?.tenants ?? []).map(({ tenant }) => tenant);
  const narrow = (change: Partial<Record<keyof UsersQuery, string>>) => {
    // The address is read again by the router, which knows the words.
    const href = usersHref({ ...query, after: undefined });
    const search = new URLSearchParams(href.split('?')[1] ?? '');
    for (const [name, value] of Object.entries(change))
      if (value === '') search.delete(name);
      else search.set(name, value);
    const text = search.toString();
    go(text === '' ? '/users' : `/users?${text}`, { keepFocus: true });
  };
  const isNarrowed = Object.entries(query).some(([name, value]) => name !== 'after' && value !== undefined);
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <Choice
        name="situation"
        label="Situation"
        value={query.situation}
        options={SITUATIONS.map((situation) => [situation, situationWord(situation)])}
        onChoose={narrow}
      />
      <Choice name="sync" label="Sync" value={query.sync} options={pairs(SYNCS)} onChoose={narrow} />
      <Choice name="health" label="Health" value={query.health} options={pairs(HEALTHS)} onChoose={narrow} />
      <Choice
        name="resource"
        label="Resource"
        value={query.resource}
        options={pairs(withOwn(subjects, query.resource))}
        onChoose={narrow}
      />
      <Choice
        name="reason"
        label="Reason"
        value={query.reason}
        options={pairs(withOwn(reasons, query.reason))}
        onChoose={narrow}
      />
      {(tenants.length > 1 || query.tenant !== undefined) && (
        <Choice
          name="tenant"
          label="Tenant"
          value={query.tenant}
          options={pairs(withOwn(tenants, query.tenant))}
          onChoose={narrow}
        />
      )}
      {query.search !== undefined && (
        <p class="searched">
          Search <b>{query.search}</b>
        </p>
      )}
      {isNarrowed && (
        <a class="clear" href="/users">
          Clear
        </a>
      )}
    </form>
  );
}

interface ChoiceProps {
  readonly name: keyof UsersQuery;
  readonly label: string;
  readonly value: string | undefined;
  readonly options: readonly (readonly [string, string])[];
  readonly onChoose: (change: Partial<Record<keyof UsersQuery, string>>) => void;
}

function Choice({ name, label, value, options, onChoose }: ChoiceProps) {
  return (
    <label class={value === undefined ? '' : 'is-set'}>
      <span>{label}</span>
      <select
        name={name}
        value={value ?? ''}
        onChange={({ currentTarget }) => onChoose({ [name]: currentTarget.value })}
      >
        <option value="">any</option>
        {options.map(([option, word]) => (
          <option key={option} value={option}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

function pairs(words: readonly string[]): readonly (readonly [string, string])[] {
  return words.map((word) => [word, word]);
}

/** The filter of a link is shown, also when no users match it any more. */
function withOwn(words: readonly string[], own: string | undefined): readonly string[] {
  return own === undefined || words.includes(own) ? words : [...words, own];
}
