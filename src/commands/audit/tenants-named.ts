/** The tenants that an audit is asked for. */
import type { AssessedTenant } from '../../engine/reconcile/read-side.ts';
import { UsageError } from '../../errors.ts';
import { visible } from '../../terminal/visible.ts';

export function tenantsNamed<Tenant extends Pick<AssessedTenant, 'id'>>(
  tenants: readonly Tenant[],
  name: string | undefined,
): readonly Tenant[] {
  if (name === undefined) return tenants;
  const found = tenants.filter(({ id }) => id === name);
  if (found.length > 0) return found;
  const known = tenants.map(({ id }) => id).join(', ');
  throw new UsageError(
    `There is no tenant ${visible(name)}. The configured ones: ${known}.`,
    'TENANT_UNKNOWN',
  );
}
