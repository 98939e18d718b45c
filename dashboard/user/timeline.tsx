/** What the log says of a user, newest first. It grows as things happen. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TimelineAnswer, TimelineEvent } from '../../src/dashboard-data/answers/users.ts';
import { ask, type Refusal, refusalFrom } from '../api.ts';
import { useAnswer } from '../asked.ts';
import { isAbout } from '../live.ts';
import { Mark } from '../parts/mark.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Problem, Waiting } from '../parts/waiting.tsx';
import type { Question } from '../question.ts';
import { count, inBothZones, moment, number, readable } from '../words.ts';
import { byDay, isFailure, type Story, withEarlier, withNewest } from './story.ts';

export function Timeline({ question, user }: { question: Question<TimelineAnswer>; user: string }) {
  const held = useAnswer(question, (changed) => isAbout(user, changed));
  const story = useSignal<Story | undefined>(undefined);
  const refusal = useSignal<Refusal | undefined>(undefined);
  const isAsking = useSignal(false);
  useEffect(() => {
    if (held.data !== undefined) story.value = withNewest(story.peek(), held.data);
  }, [held.data]);
  const shown = story.value;

  const earlier = async (): Promise<void> => {
    const before = story.peek()?.next;
    if (before === null || before === undefined) return;
    isAsking.value = true;
    refusal.value = undefined;
    try {
      const answer = await ask<TimelineAnswer>(
        `/api/user/timeline?key=${encodeURIComponent(user)}&before=${encodeURIComponent(before)}`,
      );
      const known = story.peek();
      if (known !== undefined && known.next === before) story.value = withEarlier(known, answer);
    } catch (error) {
      refusal.value = refusalFrom(error);
    } finally {
      isAsking.value = false;
    }
  };

  const problem = refusal.value ?? held.refusal;
  return (
    <Panel
      title="Timeline"
      aside={shown !== undefined && <span class="muted">{lines(shown.total)}, times in UTC</span>}
    >
      {problem !== undefined && problem.code !== 'user-not-found' && (
        <Problem refusal={problem} onAgain={() => question.ask()} />
      )}
      {shown === undefined && problem === undefined && <Waiting lines={10} what="the timeline" />}
      {(shown?.events.length === 0 || problem?.code === 'user-not-found') && (
        <Empty>The log says nothing of this user.</Empty>
      )}
      {shown !== undefined &&
        byDay(shown.events).map(({ day, events }) => (
          <section key={day} class="day">
            <h3>{day}</h3>
            <ol class="timeline">
              {events.map((event) => (
                <Line key={event.event} told={event} />
              ))}
            </ol>
          </section>
        ))}
      {shown !== undefined && shown.next !== null && (
        <button type="button" class="more" disabled={isAsking.value} onClick={() => void earlier()}>
          Show earlier{earlierOnes(shown)}
        </button>
      )}
    </Panel>
  );
}

function lines({ count: total, isMore }: Story['total']): string {
  return `${isMore ? 'more than ' : ''}${count(total, 'line')}`;
}

/** Nothing where the total is not known. */
function earlierOnes({ total, events }: Story): string {
  return total.isMore ? '' : ` (${number(Math.max(0, total.count - events.length))} more)`;
}

function Line({ told: { type, at, part, what, because } }: { told: TimelineEvent }) {
  return (
    <li class={isFailure(type) ? 'line is-failure' : `line part-${part}`}>
      <time dateTime={at} title={inBothZones(at)}>
        {at.slice(11, 19)}
      </time>
      <span class="part">{part}</span>
      <div class="line-what">
        {isFailure(type) && <Mark tone="bad" />} <span>{readable(what)}</span>{' '}
        <code class="muted">{type}</code>
        {because.length > 0 && (
          <details>
            <summary>because</summary>
            <ol class="because">
              {because.map((cause) => (
                <li key={cause.event}>
                  <time dateTime={cause.at} title={inBothZones(cause.at)}>
                    {cause.at.slice(0, 10) === at.slice(0, 10) ? cause.at.slice(11, 19) : moment(cause.at)}
                  </time>{' '}
                  {readable(cause.what)} <code class="muted">{cause.type}</code>
                </li>
              ))}
            </ol>
          </details>
        )}
      </div>
    </li>
  );
}
