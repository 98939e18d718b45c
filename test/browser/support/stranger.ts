/** A page of somebody else's, which tries what foreign pages try. */
import { localServer } from '../../support/local-server.ts';

/** Where it is, as another port of the same host, and as another host. */
export interface Stranger {
  readonly beside: string;
  readonly elsewhere: string;
}

/** Gone with the test. It lets its own page do anything, and shows what the query asks it to. */
export async function stranger(markup: string): Promise<Stranger> {
  const { origin } = await localServer(({ url }, response) => {
    if (url !== '/') response.writeHead(404).end();
    else
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(`<!doctype html><link rel="icon" href="data:,"><title>Stranger</title>${markup}`);
  });
  return { beside: origin, elsewhere: origin.replace('127.0.0.1', 'localhost') };
}
