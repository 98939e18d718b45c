/** Where a PDS is, as DID documents and people write it, and whether two of these are the same. */
import { UpstreamError } from '../errors.ts';
import type { Did } from '../identity.ts';
import { readServiceDid } from './answers.ts';
import type { Xrpc } from './xrpc.ts';

/** Recognises this PDS. */
export interface OwnServices {
  /** Asks the PDS for its own name where `PDS_URL` is another one. Throws UpstreamError when it cannot be asked. */
  includes(origin: string): Promise<boolean>;
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const ANY_LOOPBACK = 'localhost:';
/** A public DNS name: no address, no name of one label, and so nothing in our own network by its number. */
const PUBLIC_HOST = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * `PDS_URL` may be an internal address of the PDS, while DID documents name its public one: that is the host in the
 * did:web that the PDS says it is.
 */
export function ownServices(pdsUrl: string, serviceDid: () => Promise<string>): OwnServices {
  const configured = placeOf(pdsUrl);
  let named: string | undefined;
  return {
    async includes(origin) {
      const place = placeOf(origin);
      if (place === configured) return true;
      named ??= placeOfService(await serviceDid());
      // A PDS on loopback calls itself localhost, without its port: so a proxy on another port counts as the PDS too.
      return place === named || (named === ANY_LOOPBACK && place.startsWith(ANY_LOOPBACK));
    },
  };
}

/** What the PDS says that it is. */
export function askServiceDid(xrpc: Xrpc): Promise<string> {
  return xrpc({ name: 'server.describeServer', as: 'none', parse: readServiceDid });
}

/** Two URLs have the same place where a PDS would be the same: the scheme is left out, loopback has one name. */
function placeOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${LOOPBACK.has(hostname) ? 'localhost' : hostname}:${port}`;
}

function placeOfService(did: string): string {
  const host = /^did:web:([a-zA-Z0-9.%-]{1,253})$/.exec(did)?.[1];
  const url = host === undefined ? undefined : `https://${host.replace(/%3A/i, ':')}`;
  if (url !== undefined && URL.canParse(url)) return placeOf(url);
  throw new UpstreamError('pds server.describeServer names no did:web, so its DID is unknown.', {
    ...{ upstream: 'pds', code: 'UNEXPECTED_ANSWER', retryable: false },
  });
}

/** Scheme, host and port of a web address; undefined for anything else. */
export function originOf(endpoint: string): string | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  const { protocol, origin } = new URL(endpoint);
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined;
}

/**
 * Where the document of a did:web is; undefined for a did:plc. The owner of the DID chooses the host, so
 * only a public name is asked, over TLS. Throws DID_WEB_UNREADABLE for any other, such as one with a port or a path.
 */
export function hostOfDidWeb(did: Did): string | undefined {
  if (!did.startsWith('did:web:')) return undefined;
  const host = did.slice('did:web:'.length);
  if (PUBLIC_HOST.test(host)) return `https://${host.toLowerCase()}`;
  throw new UpstreamError('A did:web does not name a public host, so its document is not read.', {
    ...{ upstream: 'plc', code: 'DID_WEB_UNREADABLE', retryable: false },
  });
}
