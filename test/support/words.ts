/** The words that docs/glossary.md replaces, as whole words. */

/** Whole words, each with what is written instead. */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bmend(s|ed|ing)?\b/i, 'fix, repair, resolve'],
  [
    /\b(a|the|another|one|each|next|every|first|last|this|that) (look|pass)\b/i,
    'reconciliation, observation, read',
  ],
  [/\b(look|looks|looked|looking) (at|again|once more|anew)\b/i, 'reconcile, read, observe, check'],
  [/\b(whoever|whomever|whom|lest|amiss|hence|of late|be it)\b/i, 'plain words'],
  [/\b(somebody|anybody|everybody|nobody)\b/i, 'a user, a person, no users, all users'],
  [/\b(is|are|was|were|be|being|been) told\b|\btell(s|ing)? of\b|\btold of\b/i, 'reports, records, logs'],
  [/\b(is|are|was|were) to (be|have)\b/i, 'must, should, will'],
  [/\bsisters?\b/i, 'linked user, linked tenant'],
  [/\b(she|he|her|hers|his|him)\b/i, 'it, they'],
  [/\bconverg(e|es|ed|ing|ence)\b/i, 'reconcile, in sync'],
  [/\b(desk|disguise[ds]?)\b/i, 'dashboard data, pseudonymise'],
  [/\bas desired\b/i, 'in sync'],
  [/\blooks? on\b|\blaid over\b|\bwell and\b|\bcame to nothing\b/i, 'plain words'],
];

/** The replaced words in a text: of each pattern the first, with what is written instead. */
export function replacedWords(text: string): readonly string[] {
  return WORDS.flatMap(([pattern, instead]) => {
    const [word] = pattern.exec(text) ?? [];
    return word === undefined ? [] : [`"${word}" (${instead})`];
  });
}
