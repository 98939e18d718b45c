/** A stored document without what gives access: passwords, sealed or not, tokens and keys. */
import { sealedWith } from '../../credentials/envelope.ts';

export const SECRET_LEFT_OUT = '[secret, not exported]';

/** Names of fields, in documents of the platform and in payloads from outside, whose value gives access. */
const SECRET_NAME =
  /passw|passphrase|secret|token|authorization|cookie|private_?key|api_?key|otp|recovery_?code/i;
/** The same in text that is not JSON, such as a truncated entry. The value may have no end. */
const SECRET_IN_TEXT = new RegExp(
  // Starts at the name itself: a prefix would be tried from each character of a long text.
  `((?:${SECRET_NAME.source})[\\w-]*["']?\\s*[:=]\\s*)("(?:[^"\\\\]|\\\\.)*"?|[^\\s,;&}\\]]+)`,
  'gi',
);

/** JSON values as they are, with a note in place of each secret. Payloads are text with JSON in it, and are looked into. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return textWithoutSecrets(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  // Dates, ids and numbers of the driver say themselves how they are written.
  if ('toJSON' in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [
      name,
      SECRET_NAME.test(name) && isHeld(held) ? SECRET_LEFT_OUT : withoutSecrets(held),
    ]),
  );
}

/** That there is one, or none, is no secret. */
function isHeld(value: unknown): boolean {
  return value !== null && value !== undefined && value !== '' && typeof value !== 'boolean';
}

function textWithoutSecrets(text: string): string {
  if (sealedWith(text) !== undefined) return SECRET_LEFT_OUT;
  if (!/^\s*[[{]/.test(text)) return inText(text);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return inText(text);
  }
  const before = JSON.stringify(parsed);
  const after = JSON.stringify(withoutSecrets(parsed));
  // As it came, to the letter, where there is nothing to leave out.
  return after === before ? text : after;
}

function inText(text: string): string {
  return text.replace(SECRET_IN_TEXT, (_all, name: string) => `${name}"${SECRET_LEFT_OUT}"`);
}
