/** The user, by all their names. */
import type { UserAnswer } from '../../src/dashboard-data/answers/users.ts';
import { Copy } from '../parts/copy.tsx';
import { Axes } from '../parts/mark.tsx';
import { Moment } from '../parts/moment.tsx';
import { userHref } from '../place.ts';

export function Heading({ user, seen }: { user: string; seen: UserAnswer | undefined }) {
  return (
    <header class="user-head">
      <div class="user-name">
        <h1 tabIndex={-1}>{user}</h1>
        <Copy text={user} what="the key" />
      </div>
      <div class="user-facts">
        {seen !== undefined && (
          <>
            <Axes sync={seen.sync} health={seen.health} />
            <dl class="names">
              <Name name="Code" value={seen.code} />
              <Name name="Handle" value={seen.handle} />
              <Name name="DID" value={seen.did} />
              {seen.platformHandle !== null && (
                <Name name="Platform" value={`@${seen.platformHandle.replace(/^@/, '')}`} />
              )}
              <div>
                <dt>Tenant</dt>
                <dd>{seen.tenant}</dd>
              </div>
              {seen.sister !== null && (
                <div>
                  <dt>Linked user</dt>
                  <dd>
                    <a href={userHref(seen.sister)}>{seen.sister}</a>
                  </dd>
                </div>
              )}
              <div>
                <dt>Next run</dt>
                <dd>{seen.dueAt === null ? 'with the next sweep' : <Moment at={seen.dueAt} />}</dd>
              </div>
            </dl>
          </>
        )}
      </div>
    </header>
  );
}

function Name({ name, value }: { name: string; value: string | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value === null ? (
          <span class="muted">none</span>
        ) : (
          <>
            <code>{value}</code>
            <Copy text={value} what={`the ${name === 'DID' ? name : name.toLowerCase()}`} />
          </>
        )}
      </dd>
    </div>
  );
}
