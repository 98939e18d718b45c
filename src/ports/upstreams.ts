/** The systems that Concord calls, as values: what they are called, and what helps when they fail. */
import type { Upstream } from '../errors.ts';
import type { TenantId } from '../identity.ts';

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

const OWN: readonly UpstreamDefinition[] = [
  {
    name: 'auth0',
    title: 'Auth0',
    refused: ({ tenant }) =>
      `Set the tenant's client id and secret (read:users, read:logs, read:log_streams), then: concord pull --tenant ${tenant ?? ''}`,
    unreached: ({ tenant }) => `concord pull --tenant ${tenant ?? ''}`,
  },
  {
    name: 'mongodb',
    title: 'MongoDB',
    refused: () => 'Grant the user of MONGODB_URI readWrite on the database, then: concord retry --failed',
    unreached: () => 'concord status',
  },
  {
    name: 'pds',
    title: 'the PDS',
    refused: () => "Set PDS_ADMIN_PASSWORD to the PDS's own, then: concord retry --failed",
    unreached: ({ pdsUrl }) => `curl -sS ${pdsUrl}/xrpc/_health`,
  },
  {
    name: 'plc',
    title: 'the DID directory',
    refused: () =>
      'Check that PDS_DID_PLC_URL names the PLC directory of the PDS, then: concord retry --failed',
    unreached: () => 'concord status',
  },
];

const definitions = new Map<Upstream, UpstreamDefinition>(OWN.map((one) => [one.name, one]));

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
