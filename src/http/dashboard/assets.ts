/**
 * The built page, read into memory once. A requested path is looked up only there, so it never reaches the disk.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

/** Beside the package's `src` or `dist`, from which this runs. */
const BUILT_PAGE = fileURLToPath(new URL('../../../dist/dashboard', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

const ENCODERS = { br: promisify(brotliCompress), gzip: promisify(gzip) } as const;
export type Encoding = keyof typeof ENCODERS;

export interface Asset {
  readonly type: string;
  /** The hash of its bytes. */
  readonly hash: string;
  readonly bytes: Buffer;
  /** Compressed at the first request, and cached. */
  encoded(encoding: Encoding): Promise<Buffer>;
}

export interface Assets {
  /** The document of every page. */
  readonly document: Asset;
  /** By the path below `/assets/`. */
  readonly files: ReadonlyMap<string, Asset>;
}

/** Undefined where the page was never built. */
export function readAssets(directory = BUILT_PAGE): Assets | undefined {
  const document = ignoringAbsence(() => readFileSync(join(directory, 'index.html')));
  if (document === undefined) return undefined;
  const folder = join(directory, 'assets');
  const names = ignoringAbsence(() => readdirSync(folder)) ?? [];
  const files = names.map((name) => [name, assetOf(name, readFileSync(join(folder, name)))] as const);
  return { document: assetOf('index.html', document), files: new Map(files) };
}

export function assetOf(name: string, bytes: Buffer): Asset {
  const encodings = new Map<Encoding, Promise<Buffer>>();
  return {
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    hash: createHash('sha256').update(bytes).digest('base64url').slice(0, 22),
    bytes,
    encoded: (encoding) => {
      const known = encodings.get(encoding) ?? ENCODERS[encoding](bytes);
      encodings.set(encoding, known);
      return known;
    },
  };
}

function ignoringAbsence<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
