/** The systems that Concord calls, as values: what they are called, how they are probed, and what helps when they fail. */
import type { Upstream } from '../errors.ts';
import { type Auth0UserId, type Did, parseAuth0UserId, parseDid, type TenantId } from '../identity.ts';
import type { AccountReader } from './accounts.ts';
import type { Directory } from './auth0.ts';

/** What a command about an upstream depends on. */
export interface UpstreamPlace {
  /** Undefined for a system that all tenants share. */
  readonly tenant: TenantId | undefined;
  /** As configured. */
  readonly pdsUrl: string;
}

export interface UpstreamDefinition {
  readonly name: Upstream;
  /** As it stands in the middle of a sentence. */
  readonly title: string;
  /** What to set or run when it refuses Concord's credentials. */
  refused(place: UpstreamPlace): string;
  /** What to run when it does not answer, or answers with errors. */
  unreached(place: UpstreamPlace): string;
}

/** The quota of one bucket, by the last answer that reported it. */
export interface BucketQuota {
  readonly bucket: string;
  readonly remaining: number;
  /** Undefined where the upstream does not say. */
  readonly limit: number | undefined;
  readonly resetAt: Date;
  /** How many calls wait for their turn. */
  readonly waiting: number;
}

/** One authenticated read about no user, for alerts. Throws UpstreamError. */
type Probe<Reader> = (reader: Reader) => Promise<unknown>;

/** Those that no independent resource brings. */
export type OwnName = 'pds' | 'auth0' | 'mongodb' | 'plc';

/** One that each tenant has, or one that all tenants share. Without a probe, alerts go by what reconciliations say of it. */
type OwnUpstream = UpstreamDefinition & { readonly name: OwnName } & (
    | { readonly of: 'tenant'; readonly probe: Probe<Pick<Directory, 'user'>> }
    | { readonly of: 'all'; readonly probe?: Probe<Pick<AccountReader, 'accounts'>> }
  );

const NO_USER = idsOfNoUser();

/** In the order in which alerts ask. */
export const OWN_UPSTREAMS: readonly OwnUpstream[] = [
  {
    name: 'pds',
    title: 'the PDS',
    refused: () => "Set PDS_ADMIN_PASSWORD to the PDS's own, then: concord retry --failed",
    unreached: ({ pdsUrl }) => `curl -sS ${pdsUrl}/xrpc/_health`,
    of: 'all',
    probe: (accounts) => accounts.accounts([NO_USER.did]),
  },
  {
    name: 'auth0',
    title: 'Auth0',
    refused: ({ tenant }) =>
      `Set the tenant's client id and secret (read:users, read:logs, read:log_streams), then: concord pull --tenant ${tenant ?? ''}`,
    unreached: ({ tenant }) => `concord pull --tenant ${tenant ?? ''}`,
    of: 'tenant',
    probe: (directory) => directory.user(NO_USER.userId),
  },
  {
    name: 'mongodb',
    title: 'MongoDB',
    refused: () => 'Grant the user of MONGODB_URI readWrite on the database, then: concord retry --failed',
    unreached: () => 'concord status',
    of: 'all',
  },
  {
    name: 'plc',
    title: 'the DID directory',
    refused: () =>
      'Check that PDS_DID_PLC_URL names the PLC directory of the PDS, then: concord retry --failed',
    unreached: () => 'concord status',
    of: 'all',
  },
];

function idsOfNoUser(): { readonly did: Did; readonly userId: Auth0UserId } {
  const did = parseDid(`did:plc:${'a'.repeat(24)}`);
  const userId = parseAuth0UserId('auth0|concord-asks-whether-you-answer');
  if (did === undefined || userId === undefined) throw new Error('the probe names do not parse');
  return { did, userId };
}

const definitions = new Map<Upstream, UpstreamDefinition>(OWN_UPSTREAMS.map((one) => [one.name, one]));

/** Called once for the upstream of an independent resource. Throws for a name that is taken. */
export function addUpstream(definition: UpstreamDefinition): void {
  if (definitions.has(definition.name)) throw new Error(`the upstream ${definition.name} is defined twice`);
  definitions.set(definition.name, definition);
}

/** The codes of errors by which an upstream says that it does not accept Concord's credentials. */
export const REFUSALS: ReadonlySet<string> = new Set(['UNAUTHORIZED', 'FORBIDDEN', 'UNAUTHENTICATED']);

export function upstreamOf(name: Upstream): UpstreamDefinition {
  const definition = definitions.get(name);
  if (definition === undefined) throw new Error(`the upstream ${name} is not defined`);
  return definition;
}
