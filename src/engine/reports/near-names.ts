/** Names that a mistyped one may have been meant for: all that differ by one typing error. Pure. */

/** The characters of handles and codes. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789._-';
/** A handle is shorter; a longer text would have thousands. */
const MAX_LENGTH = 40;

/** Each text with one letter removed, inserted, replaced, or swapped with the next; and the same in lower case. */
export function nearNames(typed: string): readonly string[] {
  if (typed === '' || typed.length > MAX_LENGTH) return [];
  const near = new Set<string>();
  for (const text of new Set([typed, typed.toLowerCase()])) {
    near.add(text);
    for (let at = 0; at <= text.length; at += 1) {
      const [before, after] = [text.slice(0, at), text.slice(at)];
      for (const letter of LETTERS) near.add(before + letter + after);
      if (after === '') continue;
      near.add(before + after.slice(1));
      near.add(before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2));
      for (const letter of LETTERS) near.add(before + letter + after.slice(1));
    }
  }
  near.delete(typed);
  near.delete('');
  return [...near];
}
