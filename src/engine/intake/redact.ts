/**
 * A delivered item as one text, without the tokens of identity providers. Auth0 puts them into `identities` of a user,
 * which is in events about users and in the answers that entries about API calls quote.
 *
 * | where                                             | what is kept                                      |
 * |---------------------------------------------------|---------------------------------------------------|
 * | `identities`, and what looks like one of them     | provider, user_id and connection                  |
 * | a key that names a token                          | the key                                           |
 * | text that is JSON                                 | the same, redacted                                |
 * | text with JSON in it that cannot be read          | what is before the first suspect word             |
 * | any other text that gives a token by name         | all but the token                                 |
 */

const REDACTED = '(redacted)';
/** Texts without any of these, nearly all, are kept as they are. An escape may spell any of them. */
const SUSPECT = /identities|isSocial|profileData|token|link_with|\\u00/i;
/** `link_with` is the ID token of a user who is linked. */
const TOKEN_KEY = /(?:access|refresh|id)[_-]?token|token[_-]?secret|^link_with$/i;
const NAMED_TOKEN = /((?:access|refresh|id)[_-]?token(?:[_-]?secret)?\s*[=:]\s*)[^\s&,;]+/gi;
const IDENTITY_FIELDS = ['provider', 'user_id', 'connection'] as const;

/** As JSON; undefined for what JSON has no text for. Throws RangeError for a value that is nested too deeply. */
export function redactedJson(value: unknown): string | undefined {
  const text: string | undefined = JSON.stringify(value);
  return text !== undefined && SUSPECT.test(text) ? JSON.stringify(redacted(value)) : text;
}

/** Of JSON that cannot be read, such as a line that was cut off: what is before the first suspect word. */
export function redactedLine(text: string): string {
  const at = text.search(SUSPECT);
  return at < 0 ? text : text.slice(0, at) + REDACTED;
}

function redacted(value: unknown): unknown {
  if (typeof value === 'string') return redactedText(value);
  if (Array.isArray(value)) return value.map(redacted);
  if (!isObject(value)) return value;
  if (isIdentity(value)) return identity(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (key.toLowerCase() === 'identities') return [key, identities(one)];
      return [key, TOKEN_KEY.test(key) && one !== null ? REDACTED : redacted(one)];
    }),
  );
}

function identities(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(identities);
  if (isObject(value)) return identity(value);
  return typeof value === 'string' ? REDACTED : value;
}

function identity(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = IDENTITY_FIELDS.filter((field) => ['string', 'number'].includes(typeof value[field]));
  return Object.fromEntries(kept.map((field) => [field, value[field]]));
}

/** The answer to a call that links users is a list of identities without a key to recognize it by. */
function isIdentity(value: Readonly<Record<string, unknown>>): boolean {
  return 'provider' in value && 'user_id' in value && ('isSocial' in value || 'profileData' in value);
}

function redactedText(text: string): string {
  if (!SUSPECT.test(text)) return text;
  const json = parsed(text);
  if (json !== undefined) return JSON.stringify(redacted(json));
  return /[[{"]/.test(text) ? redactedLine(text) : text.replace(NAMED_TOKEN, `$1${REDACTED}`);
}

/** An object or a list; undefined for any other text. */
function parsed(text: string): object | undefined {
  if (!/^\s*[[{"]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string') return parsed(value);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
