/**
 * One event of an Auth0 event stream -> what it means here: an event and a trigger, nothing, or a reject.
 *
 * | type                       | meaning                                       |
 * |----------------------------|-----------------------------------------------|
 * | user.created, user.updated | a trigger for `data.object.user_id`           |
 * | user.deleted               | the same, and a hint that the user is gone    |
 * | any other                  | ignored                                       |
 * | any, with a0purpose `test` | ignored: a person tests the stream             |
 *
 * An event is a CloudEvent with the whole user in it. Concord does not trust that content: it reads the user from Auth0
 * by id, as always. Events cover users that the log does not mention, such as imported ones.
 * Source: auth0.com/docs, event types; events best practices.
 */
import { z } from 'zod';
import { subjectFrom } from './auth0-subject.ts';
import { checkText, type Reading, readDate, type Source, type TextRule, translatorOf } from './delivered.ts';

const EVENT_ID: TextRule = {
  field: 'id',
  maxLength: 200,
  pattern: /^[A-Za-z0-9_-]+$/,
  patternBroken: 'has characters other than letters, digits, _ and -',
};
const EVENT_TYPE: TextRule = {
  field: 'type',
  maxLength: 64,
  pattern: /^[A-Za-z0-9_.-]+$/,
  patternBroken: 'has characters other than letters, digits, _, . and -',
};
/** The ids of events begin with this, and those of log entries never do; both are stored together. */
const ID_PREFIX = 'evt_';
const USER_EVENTS: ReadonlySet<string> = new Set(['user.created', 'user.updated', 'user.deleted']);

const CloudEvent = z.object({
  id: z.unknown().optional(),
  type: z.unknown().optional(),
  time: z.unknown().optional(),
  a0purpose: z.unknown().optional(),
  data: z
    .object({ object: z.object({ user_id: z.unknown().optional() }) })
    .optional()
    .catch(undefined),
});

export const eventSource: Source = {
  kind: 'event-stream',
  translate: translatorOf({
    noun: 'event',
    read: readEvent,
    standIn: (value) => {
      const id = checkText(CloudEvent.safeParse(value).data?.id, EVENT_ID);
      return id.type === 'text' ? { id: id.text } : {};
    },
    eventOf: ({ _id, user, tenant, ...times }, { id, name }, hint, raw) => ({
      _id,
      user,
      tenant,
      type: 'auth0.event-received',
      ...times,
      data: { eventId: id, name, hint, raw },
    }),
  }),
};

function readEvent(value: unknown): Reading {
  const event = CloudEvent.safeParse(value);
  if (!event.success) return { type: 'rejected', reason: 'the event is not an object' };
  const { type, time, a0purpose, data } = event.data;
  const given = checkText(event.data.id, EVENT_ID);
  if (given.type === 'wrong') return { type: 'rejected', reason: given.reason };
  const name = checkText(type, EVENT_TYPE);
  if (name.type === 'wrong') return { type: 'rejected', reason: name.reason };

  const id = given.text.startsWith(ID_PREFIX) ? given.text : `${ID_PREFIX}${given.text}`;
  const told = { id, name: name.text, date: readDate(time) };
  if (!USER_EVENTS.has(name.text) || a0purpose === 'test')
    return { type: 'unrelated', ...told, reason: 'no-subject' };
  const hint = name.text === 'user.deleted' ? 'deleted' : null;
  const subject = subjectFrom(data?.object.user_id, 'data.object.user_id', hint);
  switch (subject.type) {
    case 'none':
      return subject.reason === 'no-subject'
        ? { type: 'rejected', reason: 'data.object.user_id is missing' }
        : { type: 'unrelated', ...told, reason: subject.reason };
    case 'unreadable':
      return { type: 'rejected', reason: subject.reason };
    case 'user':
      return {
        type: 'about-user',
        ...told,
        userId: subject.userId,
        hint: subject.hint,
        isRoutine: false,
      };
  }
}
