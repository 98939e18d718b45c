/** Holds what is sent to a PDS, and what it answers, against the official lexicons. */
import { jsonToLex, lexicons } from '@atproto/api';

export interface LexiconCheck {
  readonly fetch: typeof globalThis.fetch;
  /** The methods that were called, without `com.atproto.`. */
  readonly called: ReadonlySet<string>;
  /** What no lexicon allows. Holds no values. */
  readonly violations: readonly string[];
}

export function lexiconCheck(): LexiconCheck {
  const called = new Set<string>();
  const violations: string[] = [];
  const check = (where: string, assert: () => unknown): void => {
    try {
      assert();
    } catch (error) {
      violations.push(`${where}: ${error instanceof Error ? error.message : 'not allowed'}`);
    }
  };
  return {
    called,
    violations,
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const answer = await fetch(input, init);
      const id = url.pathname.slice('/xrpc/'.length);
      // The health of a PDS is no method.
      if (id === '_health') return answer;
      called.add(id.replace(/^com\.atproto\./, ''));
      const def = lexicons.getDef(id);
      const method = def?.type === 'procedure' ? 'POST' : def?.type === 'query' ? 'GET' : 'no method';
      check(id, () => {
        if (init?.method !== method) throw new Error(`called by ${init?.method}, and is ${method}`);
      });
      if (def?.type !== 'procedure' && def?.type !== 'query') return answer;
      const properties = def.parameters?.properties ?? {};
      check(`${id}, parameters`, () => lexicons.assertValidXrpcParams(id, parametersOf(url, properties)));
      if (def.type === 'procedure') {
        const sent = init?.body == null ? undefined : jsonToLex(await new Response(init.body).json());
        check(`${id}, input`, () => lexicons.assertValidXrpcInput(id, sent));
      }
      const text = await answer.clone().text();
      const body = text === '' ? undefined : jsonToLex(JSON.parse(text));
      if (answer.ok) check(`${id}, output`, () => lexicons.assertValidXrpcOutput(id, body));
      return answer;
    },
  };
}

function parametersOf(url: URL, properties: Readonly<Record<string, { readonly type: string }>>): object {
  const names = [...new Set(url.searchParams.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = url.searchParams.getAll(name);
      const type = properties[name]?.type;
      if (type === undefined) throw new Error(`no parameter is called ${name}`);
      if (type === 'array') return [name, values];
      return [
        name,
        type === 'integer' ? Number(values[0]) : type === 'boolean' ? values[0] === 'true' : values[0],
      ];
    }),
  );
}
