/**
 * The part of the Lucene query syntax that user and log search need: `field:value`, `field:"value"`,
 * ranges with inclusive [ ] and exclusive { } bounds, `*`, `_exists_:field`, AND, OR, NOT, parentheses.
 * What is outside it is an error, never an empty result.
 */
export type SearchNode =
  | { readonly type: 'and' | 'or'; readonly left: SearchNode; readonly right: SearchNode }
  | { readonly type: 'not'; readonly inner: SearchNode }
  | { readonly type: 'exists'; readonly field: string }
  | { readonly type: 'value'; readonly field: string; readonly value: string; readonly quoted: boolean }
  | {
      readonly type: 'range';
      readonly field: string;
      readonly from: string;
      readonly to: string;
      readonly includesFrom: boolean;
      readonly includesTo: boolean;
    };

export class SearchSyntaxError extends Error {
  override readonly name = 'SearchSyntaxError';
}

const TOKEN =
  /\s*(?:(\(|\))|(AND|OR|NOT|&&|\|\|)(?=[\s(])|(-?)([\w.$\\]+):(?:"((?:[^"\\]|\\.)*)"|([[{])\s*("[^"]*"|\S+)\s+TO\s+("[^"]*"|[^\s\]}]+)\s*([\]}])|((?:[^\s()"\\[\]{}]|\\.)+)))/y;

type Token =
  | { readonly type: 'open' | 'close' | 'and' | 'or' | 'not' }
  | { readonly type: 'term'; readonly node: SearchNode };

/** Throws SearchSyntaxError. */
export function parseSearch(text: string): SearchNode {
  const tokens = tokenize(expandGroups(text));
  let position = 0;

  function peek(): Token['type'] | undefined {
    return tokens[position]?.type;
  }
  function either(): SearchNode {
    let left = both();
    while (peek() === 'or') {
      position += 1;
      left = { type: 'or', left, right: both() };
    }
    return left;
  }
  function both(): SearchNode {
    let left = single();
    while (peek() === 'and') {
      position += 1;
      left = { type: 'and', left, right: single() };
    }
    return left;
  }
  function single(): SearchNode {
    const token = tokens[position];
    position += 1;
    if (token?.type === 'not') return { type: 'not', inner: single() };
    if (token?.type === 'term') return token.node;
    if (token?.type === 'open') {
      const inner = either();
      if (peek() !== 'close') throw new SearchSyntaxError('missing )');
      position += 1;
      return inner;
    }
    throw new SearchSyntaxError(`unexpected ${token?.type ?? 'end'}`);
  }

  const tree = either();
  // Two terms with nothing between them mean OR in Lucene. That is never intended, so it is refused.
  if (position < tokens.length) throw new SearchSyntaxError('missing AND or OR');
  return tree;
}

/** Writes `type:(ss OR sv)` out as `(type:ss OR type:sv)`. */
function expandGroups(text: string): string {
  return text.replace(/([\w.]+):\(([^()]*)\)/g, (_all, field: string, inner: string) => {
    const terms = inner.trim().split(/\s+(OR|AND)\s+/);
    return `(${terms.map((term, i) => (i % 2 === 1 ? term : `${field}:${term}`)).join(' ')})`;
  });
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw new SearchSyntaxError(`cannot read ${text.slice(at)}`);
    at = TOKEN.lastIndex;
    const [, bracket, operator, minus] = match;
    if (bracket !== undefined) tokens.push({ type: bracket === '(' ? 'open' : 'close' });
    else if (operator !== undefined) tokens.push({ type: OPERATORS[operator] ?? 'and' });
    else {
      if (minus === '-') tokens.push({ type: 'not' });
      tokens.push({ type: 'term', node: term(match) });
    }
  }
  return tokens;
}

const OPERATORS: Readonly<Record<string, 'and' | 'or' | 'not'>> = {
  AND: 'and',
  '&&': 'and',
  OR: 'or',
  '||': 'or',
  NOT: 'not',
};

function term(match: RegExpExecArray): SearchNode {
  const [, , , , field = '', quoted, open, from = '', to = '', close, bare = ''] = match;
  if (quoted !== undefined) return { type: 'value', field, value: unescaped(quoted), quoted: true };
  if (open !== undefined) {
    const bounds = { from: unquote(from), to: unquote(to) };
    for (const bound of [bounds.from, bounds.to]) {
      // A bound that is neither would compare as false with everything, and so let everything through.
      if (bound !== '*' && Number.isNaN(Number(bound)) && Number.isNaN(Date.parse(bound))) {
        throw new SearchSyntaxError(`neither a number nor a date: ${bound}`);
      }
    }
    return { type: 'range', field, ...bounds, includesFrom: open === '[', includesTo: close === ']' };
  }
  if (bare === '') throw new SearchSyntaxError(`no value for ${field}`);
  if (field === '_exists_') return { type: 'exists', field: bare };
  return { type: 'value', field, value: unescaped(bare), quoted: false };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
