/**
 * The logger: constant messages with fields, to stderr, because stdout is for results.
 *
 * A log is read by more people, and kept in more places, than the data it is about. So every line
 * passes three filters before it is written, no matter who logs it and how deep a value is nested:
 *
 * - what has the name of a secret or of an address (`password`, `clientSecret`, `email`, …) is
 *   replaced at every level;
 * - what has the shape of a credential in a text (`Bearer …`, `//user:password@host`) is replaced at
 *   every level;
 * - what has the shape of an email address is replaced from info up. Only debug and trace may show one.
 */
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { createStyle, type Format, type Style } from './terminal/style.ts';
import { visible } from './terminal/visible.ts';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Lines to read instead of JSON; null and undefined go by whether the stream is a terminal. */
  readonly pretty?: boolean | null | undefined;
  /** stderr by default. */
  readonly stream?: DestinationStream & { readonly isTTY?: boolean };
  /** For NO_COLOR. The process environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** False for `--no-color`. */
  readonly color?: boolean;
}

export function createLogger(options: LoggerOptions): Logger {
  const { level, stream = process.stderr, env = process.env, color = true } = options;
  const isPretty = isForPeople(options.pretty, stream);
  const style = createStyle({ stream, env, color });
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      serializers: { err: serializeError },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => withoutErrors(fields),
      },
      hooks: { streamWrite: isPretty ? (line) => prettyLine(safeFields(line), style) : safeLine },
    },
    stream,
  );
}

/** Whether people read the lines, which are then not JSON. */
export function isForPeople(
  pretty: boolean | null | undefined,
  stream: { readonly isTTY?: boolean } = process.stderr,
): boolean {
  return pretty ?? stream.isTTY === true;
}

// ── Errors ──

const MAX_DEPTH = 6;

/** The fields of an error that are logged besides message and cause. Other errors' fields may hold whole documents. */
const ERROR_FIELDS = [
  'code',
  'codeName',
  'upstream',
  'retryable',
  'retryAfterMs',
  'effect',
  'status',
  'statusCode',
];

/** An error as plain data with its chain of causes; anything else as it is. */
export function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  if (depth >= MAX_DEPTH) return { name: error.name, message: '(deeper causes left out)' };
  const fields = new Map<string, unknown>(Object.entries(error));
  const told = ERROR_FIELDS.filter((name) => fields.get(name) !== undefined).map((name) => [
    name,
    fields.get(name),
  ]);
  return {
    name: error.name,
    message: error.message,
    ...Object.fromEntries(told),
    stack: error.stack,
    ...(error instanceof AggregateError
      ? { errors: error.errors.map((inner: unknown) => serializeError(inner, depth + 1)) }
      : {}),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause, depth + 1) }),
  };
}

/** JSON would write an error as `{}`, whatever field it is in, so each becomes plain data first. */
function withoutErrors(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value, 1)]));
}

function plain(value: unknown, depth: number): unknown {
  if (value instanceof Error) return serializeError(value);
  if (typeof value !== 'object' || value === null) return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return value;
  if (depth >= MAX_DEPTH) return '(deeper fields left out)';
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, depth + 1)]));
}

// ── The filters ──

const REDACTED = '[redacted]';

/** Names whose values are never logged, at any depth and with any prefix (`adminPassword`). */
const SECRET_NAME =
  /(e[-_]?mails?|passw(or)?ds?|passphrase|tokens?|authorization|cookies?|secrets?|credentials?|api[-_]?keys?|bypass([-_]?key)?|invite[-_]?codes?|jwt)$/i;
/** Credentials inside a text, where no field name shows that they are secret. */
const CREDENTIAL = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi;
const URL_USER = /\/\/[^\s/@"']{1,256}@/g;
/**
 * Anything with the shape of an address, also as a URL (`%40`) or JSON (`\u0040`) writes it. Of a local
 * part with a character in it that ends words elsewhere, such as `/`, the text before that is left.
 */
const EMAIL =
  /(?:"[^"]{1,128}"|[^\s"'<>()[\]{},;:=&?/\\|@]{1,128})(?:@|%40|\\u0040)(?:[\p{L}\p{N}_-]{1,63}\.){1,10}\p{L}[\p{L}\p{N}-]{1,62}/giu;

/** A text for others: without credentials and addresses of people. */
export function maskPersonal(text: string): string {
  return mask(text, false);
}

function mask(text: string, isPersonalAllowed: boolean): string {
  const masked = text.replace(CREDENTIAL, `$1 ${REDACTED}`).replace(URL_USER, `//${REDACTED}@`);
  return isPersonalAllowed ? masked : masked.replace(EMAIL, '[email]');
}

/** A line of JSON as pino wrote it, parsed again, so that nothing that pino adds bypasses the filters. */
function safeFields(line: string): Record<string, unknown> {
  // The level is at the start of the line: a field called `level` comes later and has no effect.
  const level = /^\{"level":"([a-z]+)"/.exec(line)?.[1] ?? 'unknown';
  const fields = { ...(JSON.parse(line) as Record<string, unknown>), level };
  return safe(fields, level === 'debug' || level === 'trace') as Record<string, unknown>;
}

function safeLine(line: string): string {
  return `${JSON.stringify(safeFields(line))}\n`;
}

function safe(value: unknown, isPersonalAllowed: boolean): unknown {
  if (typeof value === 'string') return mask(value, isPersonalAllowed);
  if (Array.isArray(value)) return value.map((item) => safe(item, isPersonalAllowed));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      mask(name, isPersonalAllowed),
      SECRET_NAME.test(name) && isContent(item) ? REDACTED : safe(item, isPersonalAllowed),
    ]),
  );
}

/** `hasPassword: true` says something about a secret and not what it is. */
function isContent(value: unknown): boolean {
  return value !== null && typeof value !== 'boolean';
}

// ── Lines to read ──

const LEVEL_FORMATS: Readonly<Record<string, Format>> = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
};

/** `12:34:56.789 WARN  message key=value err="UpstreamError: … <- Error: …"`, in UTC and on one line. */
function prettyLine(fields: Record<string, unknown>, style: Style): string {
  const { level, time, msg, ...rest } = fields;
  const name = String(level);
  const parts = [
    style('dim', String(time).slice(11, 23)),
    style(LEVEL_FORMATS[name] ?? 'bold', name.toUpperCase().padEnd(5)),
    visible(String(msg ?? '')),
    ...Object.entries(rest).map(([key, value]) => `${style('dim', `${visible(key)}=`)}${prettyValue(value)}`),
  ];
  return `${parts.join(' ')}\n`;
}

function prettyValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return visible(value);
  return visible(JSON.stringify(isErrorData(value) ? errorLine(value) : value));
}

interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: unknown;
  readonly cause?: unknown;
}

function isErrorData(value: unknown): value is ErrorData {
  return (
    typeof value === 'object' && value !== null && 'name' in value && 'message' in value && 'stack' in value
  );
}

/** Names and messages from the error down to its first cause; the stacks are for JSON. */
function errorLine(error: ErrorData): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined; at = isErrorData(at) ? at.cause : undefined) {
    parts.push(isErrorData(at) ? `${at.name}: ${at.message}` : String(at));
  }
  return parts.join(' <- ');
}
