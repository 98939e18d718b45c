/** One user: conditions, the plan, the timeline, and the actions that help. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TimelineAnswer, UserAnswer } from '../../src/dashboard-data/answers/users.ts';
import { useAnswer } from '../asked.ts';
import { isAbout, onNews } from '../live.ts';
import { Beside } from '../parts/beside.tsx';
import { Answer } from '../parts/waiting.tsx';
import { type Held, type Question, questions } from '../question.ts';
import { Actions } from './actions.tsx';
import { Banners } from './banners.tsx';
import { Conditions } from './conditions.tsx';
import { Heading } from './heading.tsx';
import { Observation } from './observation.tsx';
import { Timeline } from './timeline.tsx';

const known = questions<UserAnswer>();
const observations = questions<UserAnswer>();
const timelines = questions<TimelineAnswer>();

/** A dry run calls Auth0 and the PDS, so it waits until the log is quiet. */
const LOOK_AGAIN_AFTER_MS = 2000;
/** A connection begins with news that anything may have changed; the dry run does not need to repeat at once. */
const LOOK_HOLDS_FOR_MS = 5000;

export function UserPage({ user }: { user: string }) {
  const key = encodeURIComponent(user);
  const question = known(`/api/user?key=${key}`);
  const observation = observations(`/api/user/look?key=${key}`);
  const told = useSignal('');
  const written = useAnswer(question, (changed) => isAbout(user, changed));
  useObservation(observation, user);
  const held = orAsFound(written, observation.held.value.data);
  return (
    <div class="page">
      <Heading user={user} seen={held.data} />
      <p class="told" role="status" aria-label="Outcome">
        {told.value}
      </p>
      {held.data === undefined && held.refusal?.code === 'user-not-found' ? (
        <Unknown observation={observation.held.value} />
      ) : (
        <Answer held={held} what="the user" lines={12} onAgain={() => question.ask()}>
          {(seen) => (
            <>
              <Actions
                seen={seen}
                observation={observation}
                onTold={(text) => {
                  told.value = text;
                }}
              />
              <Banners seen={seen} />
              <div class="sides">
                <Beside>
                  <Observation seen={seen} observation={observation} />
                  <Conditions seen={seen} />
                </Beside>
                <Timeline question={timelines(`/api/user/timeline?key=${key}`)} user={user} />
              </div>
            </>
          )}
        </Answer>
      )}
    </div>
  );
}

function Unknown({ observation: { refusal } }: { observation: Held<UserAnswer> }) {
  return (
    <div class="no-user" role="status">
      <p>Nothing is recorded about a user with this key.</p>
      <p>
        {refusal === undefined
          ? 'Asking Auth0 …'
          : refusal.code === 'user-not-found'
            ? 'Auth0 does not know this user either. Search takes an Auth0 id, an @handle, a code, an email address or a DID.'
            : `Auth0 could not be asked about this user: ${refusal.message}`}
      </p>
    </div>
  );
}

/** A dry run may know a user who is not recorded yet. */
function orAsFound(written: Held<UserAnswer>, found: UserAnswer | undefined): Held<UserAnswer> {
  const isUnwritten = written.data === undefined && written.refusal?.code === 'user-not-found';
  return isUnwritten && found !== undefined ? { ...written, data: found, refusal: undefined } : written;
}

/** After the first paint, and again when the user's history has grown and is quiet. */
function useObservation(observation: Question<UserAnswer>, user: string): void {
  useEffect(() => {
    const askedAt = Date.now();
    observation.ask();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onNews((changed) => {
      if (!isAbout(user, changed)) return;
      if (changed.users === null && Date.now() - askedAt < LOOK_HOLDS_FOR_MS) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (!document.hidden) observation.ask();
      }, LOOK_AGAIN_AFTER_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [observation, user]);
}
