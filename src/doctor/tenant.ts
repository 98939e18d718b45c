import type { TenantId } from '../identity.ts';
import type { TenantLogs } from '../ports/auth0.ts';
import type { Auth0Inspection, EndpointAnswer } from '../ports/inspection.ts';

/** What the checks of one tenant are handed. Built when it is asked for, since its settings may be lacking. */
export interface ExaminedTenant {
  readonly id: TenantId;
  readonly logRetentionDays: number | undefined;
  readonly auth0: () => Auth0Inspection;
  readonly logs: () => Pick<TenantLogs, 'has'>;
  /** Who answers there. Never throws. */
  readonly askEndpoint: (endpoint: string) => Promise<EndpointAnswer>;
  readonly logTokens: () => readonly string[];
  readonly eventTokens: readonly string[];
}
