import type { TenantId } from '../identity.ts';
import type { TenantLogs } from '../ports/auth0.ts';
import type { Auth0Inspection, EndpointAnswer } from '../ports/inspection.ts';

/** What the checks of one tenant get. Built when it is needed, since its settings may be missing. */
export interface ExaminedTenant {
  readonly id: TenantId;
  readonly logRetentionDays: number | undefined;
  readonly auth0: () => Auth0Inspection;
  readonly logs: () => Pick<TenantLogs, 'has'>;
  /** Which program answers there. Never throws. */
  readonly askEndpoint: (endpoint: string) => Promise<EndpointAnswer>;
  readonly logTokens: () => readonly string[];
  readonly eventTokens: readonly string[];
}
