/**
 * The document at every page's address, and its files below `/assets/`. They have no secrets: without a token the page is
 * still served, and it asks for the token.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { allowOnly, notFound, sendProblem } from '../problem.ts';
import type { Asset, Assets, Encoding } from './assets.ts';
import type { Gate } from './site.ts';

const PAGES = ['/', '/users', '/users/*', '/sweeps'] as const;
const NOT_BUILT = 'The dashboard was not built. In a clone of Concord: npm run build:dashboard\n';

export interface PagesOptions {
  /** Undefined where the page was never built. */
  readonly assets: Assets | undefined;
  /** Whether the request is answered at all. */
  readonly admit: Gate;
}

export function pages({ assets, admit }: PagesOptions): FastifyPluginAsync {
  return async (scope) => {
    const reading = {
      method: scope.supportedMethods,
      exposeHeadRoute: false,
      onRequest: [allowOnly('GET', 'HEAD'), admit],
    };
    for (const url of PAGES) {
      scope.route({
        ...reading,
        url,
        handler: async (request, reply) => {
          if (assets === undefined) return sendText(reply, 503, NOT_BUILT);
          return send(request, reply, assets.document, 'no-cache');
        },
      });
    }
    scope.route<{ readonly Params: { readonly '*': string } }>({
      ...reading,
      url: '/assets/*',
      handler: async (request, reply) => {
        const asset = assets?.files.get(request.params['*']);
        // Its name changes with its content.
        return asset === undefined
          ? sendProblem(reply, notFound())
          : send(request, reply, asset, 'public, max-age=31536000, immutable');
      },
    });
  };
}

export function sendText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text);
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  asset: Asset,
  caching: string,
): Promise<FastifyReply> {
  const encoding = preferredEncoding(request.headers['accept-encoding']);
  const tag = `"${asset.hash}${encoding === undefined ? '' : `-${encoding}`}"`;
  reply.headers({ etag: tag, vary: 'accept-encoding', 'cache-control': caching });
  if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send();
  reply.type(asset.type);
  if (encoding === undefined) return reply.send(asset.bytes);
  return reply.header('content-encoding', encoding).send(await asset.encoded(encoding));
}

/** The accepted encoding with the smallest result; undefined for none. */
export function preferredEncoding(accepted: string | undefined): Encoding | undefined {
  const weights = new Map<string, number>();
  for (const part of (accepted ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)));
  }
  const accepts = (name: Encoding) => (weights.get(name) ?? weights.get('*') ?? 0) > 0;
  return accepts('br') ? 'br' : accepts('gzip') ? 'gzip' : undefined;
}

function isKnown(header: string | undefined, tag: string): boolean {
  const tags = (header ?? '').split(',').map((text) => text.trim().replace(/^W\//, ''));
  return tags.includes(tag) || tags.includes('*');
}
