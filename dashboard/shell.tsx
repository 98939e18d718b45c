/** What stands around every page. */
import { useComputed, useSignal } from '@preact/signals';
import { formatDuration } from '../src/terminal/duration.ts';
import { refusalFrom, session, signOut } from './api.ts';
import { now } from './clock.ts';
import { connection, overview } from './live.ts';
import { NotFound } from './not-found.tsx';
import { OverviewPage } from './overview/page.tsx';
import { Mark } from './parts/mark.tsx';
import { Search } from './parts/search.tsx';
import type { Place } from './place.ts';
import { place } from './router.ts';
import { SignIn } from './sign-in.tsx';
import { SweepsPage } from './sweeps/page.tsx';
import { UserPage } from './user/page.tsx';
import { UsersPage } from './users/page.tsx';

const PAGES = [
  { href: '/', name: 'Overview', pages: ['overview'] },
  { href: '/users', name: 'Users', pages: ['users', 'user'] },
  { href: '/sweeps', name: 'Sweeps', pages: ['sweeps'] },
] as const;

export function Shell() {
  const { state } = session.value;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <div class="top-in">
          <a class="name" href="/">
            <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
              <circle cx="12" cy="16" r="9" />
              <circle cx="20" cy="16" r="9" />
            </svg>
            Concord
          </a>
          {state !== 'needed' && (
            <>
              <nav aria-label="Pages">
                {PAGES.map(({ href, name, pages }) => (
                  <a
                    key={href}
                    href={href}
                    aria-current={pages.some((page) => page === place.value.page) ? 'page' : undefined}
                  >
                    {name}
                  </a>
                ))}
              </nav>
              <Search />
              <Tenants />
              <Live />
              <SignOut />
            </>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {state === 'needed' ? <SignIn /> : <Page at={place.value} />}
      </main>
    </>
  );
}

function Page({ at }: { at: Place }) {
  switch (at.page) {
    case 'overview':
      return <OverviewPage />;
    case 'users':
      return <UsersPage query={at.query} />;
    case 'user':
      return <UserPage key={at.key} user={at.key} />;
    case 'sweeps':
      return <SweepsPage />;
    case 'nowhere':
      return <NotFound />;
  }
}

function Tenants() {
  const tenants = overview.held.value.data?.tenants ?? [];
  if (tenants.length < 2) return null;
  return <p class="tenants">{tenants.map(({ tenant }) => tenant).join(', ')}</p>;
}

/** Its width is that of the longest it says, so that nothing beside it moves. */
function Live() {
  const lasting = useComputed(() => {
    const { value } = connection;
    const seconds = value.state === 'lost' ? Math.floor((now.value - value.since) / 1000) : 0;
    return seconds > 0 ? ` for ${formatDuration(seconds * 1000)}` : '';
  });
  const { state } = connection.value;
  const word = { connecting: 'Connecting', live: 'Live', lost: 'Trying again' }[state];
  const tone = { connecting: 'idle', live: 'good', lost: 'bad' } as const;
  return (
    <p class={`live ${state}`} role="status" aria-label="Connection">
      <Mark tone={tone[state]} />
      <span>{word}</span>
      <span class="live-since" aria-hidden="true">
        {lasting}
      </span>
    </p>
  );
}

function SignOut() {
  const problem = useSignal('');
  const { value } = session;
  if (value.state !== 'open' || !value.answer.hasToken) return null;
  const leave = () => {
    signOut().catch((error: unknown) => {
      problem.value = refusalFrom(error).message;
    });
  };
  return (
    <button type="button" class="quiet" onClick={leave} title={problem.value}>
      {problem.value === '' ? 'Sign out' : 'Sign out failed'}
    </button>
  );
}
