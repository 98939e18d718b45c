/**
 * An event store on MongoDB that others use, from a folder where it was installed: it is no dependency.
 *
 *   mkdir /tmp/emmett && cd /tmp/emmett && npm init -y
 *   npm install --legacy-peer-deps @event-driven-io/emmett-mongodb @event-driven-io/emmett mongodb@6 uuid@10 async-retry@1
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface EmmettStore {
  appendToStream(
    stream: `${string}:${string}`,
    events: readonly { readonly type: string; readonly data: object }[],
  ): Promise<unknown>;
  close(): Promise<void>;
}

interface EmmettModule {
  getMongoDBEventStore(options: { readonly connectionString: string }): EmmettStore;
}

/** With the same guarantee: a majority, and its journal. */
export async function emmettStore(folder: string, uri: string, database: string): Promise<EmmettStore> {
  const from = createRequire(join(resolve(folder), 'package.json'));
  const module: unknown = await import(pathToFileURL(from.resolve('@event-driven-io/emmett-mongodb')).href);
  const address = new URL(uri);
  address.pathname = `/${database}`;
  address.searchParams.set('w', 'majority');
  address.searchParams.set('journal', 'true');
  return (module as EmmettModule).getMongoDBEventStore({ connectionString: address.href });
}
