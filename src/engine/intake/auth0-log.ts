/**
 * One delivered Auth0 log entry -> what it means here: an event and a trigger, nothing, or a reject.
 *
 * An entry is `{log_id, data: {log_id, type, date, user_id, details, …}}`. Only the fields that are
 * needed are read: real entries lack fields that Auth0's schema requires, and new ones appear.
 * An entry without a subject (machine to machine, bulk import, a changed client) is ignored.
 */
import { z } from 'zod';
import { isRoutine } from './auth0-log-codes.ts';
import { readSubject } from './auth0-subject.ts';
import { checkText, type Reading, readDate, type Source, type TextRule, translatorOf } from './delivered.ts';

/** Auth0's are about 56 digits; MongoDB 4.0 refuses index keys over 1,024 bytes. */
const LOG_ID: TextRule = {
  field: 'log_id',
  maxLength: 200,
  pattern: /^[A-Za-z0-9_-]+$/,
  patternBroken: 'has characters other than letters, digits, _ and -',
};
/** The longest code that is known has 25 characters. */
const CODE: TextRule = {
  field: 'data.type',
  maxLength: 64,
  pattern: /^[A-Za-z0-9_.-]+$/,
  patternBroken: 'has characters other than letters, digits, _, . and -',
};

// The fields are unknown here and checked below one by one: that costs a tenth of JSON.parse, where checks inside the
// schema cost a third. It also lets each reason name the field and the problem.
const Entry = z.object({
  log_id: z.unknown().optional(),
  data: z.object({
    log_id: z.unknown().optional(),
    type: z.unknown().optional(),
    date: z.unknown().optional(),
    user_id: z.unknown().optional(),
    details: z.unknown().optional(),
  }),
});

export const logSource: Source = {
  kind: 'log',
  translate: translatorOf({
    noun: 'entry',
    read: readEntry,
    standIn: (value) => {
      const entry = Entry.safeParse(value);
      const logId = checkText(entry.data?.log_id ?? entry.data?.data.log_id, LOG_ID);
      return logId.type === 'text' ? { log_id: logId.text } : {};
    },
    eventOf: ({ _id, user, tenant, ...times }, { id, name }, hint, raw) => ({
      _id,
      user,
      tenant,
      type: 'auth0.log-received',
      ...times,
      data: { logId: id, code: name, hint, raw },
    }),
  }),
};

/** Checks what is needed of one entry. Pure; never throws. */
export function readEntry(value: unknown): Reading {
  const entry = Entry.safeParse(value);
  if (!entry.success) {
    const path = entry.error.issues[0]?.path.join('.') ?? '';
    return {
      type: 'rejected',
      reason: path === '' ? 'the entry is not an object' : `${path} is not an object`,
    };
  }
  const { data } = entry.data;
  const logId = checkText(entry.data.log_id ?? data.log_id, LOG_ID);
  if (logId.type === 'wrong') return { type: 'rejected', reason: logId.reason };
  const code = checkText(data.type, CODE);
  if (code.type === 'wrong') return { type: 'rejected', reason: code.reason };

  const told = { id: logId.text, name: code.text, date: readDate(data.date) };
  const subject = readSubject(code.text, data);
  switch (subject.type) {
    case 'none':
      return { type: 'unrelated', ...told, reason: subject.reason };
    case 'unreadable':
      return { type: 'rejected', reason: subject.reason };
    case 'user':
      return {
        type: 'about-user',
        ...told,
        userId: subject.userId,
        hint: subject.hint,
        isRoutine: isRoutine(code.text),
      };
  }
}
