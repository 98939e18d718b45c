/**
 * What the platform itself has come to.
 *
 * | check            | finding                                              | level   |
 * |------------------|------------------------------------------------------|---------|
 * | credential keys  | a stored password was sealed with a key that is not there, or differs | error |
 * | code space       | four fifths of this year's codes are in use            | warning |
 * | sisters          | two tenants are one Auth0 tenant                       | error   |
 * | sisters          | the second account of a person could have no address    | warning |
 */
import { createVault, keyIds, type VaultOptions } from '../credentials.ts';
import { checkKeys } from '../engine/reseal.ts';
import { UsageError } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { Clock, DocumentReader, StoredPasswordReader } from '../ports.ts';
import { CODES_A_YEAR, codePrefix } from '../reconcilers/code.ts';
import { type Check, type Finding, found, type Seen, well } from './check.ts';

export interface Platform {
  readonly documents: Pick<DocumentReader, 'codesInYear'>;
  readonly passwords: Pick<StoredPasswordReader, 'sample'>;
}

export interface TenantSettings {
  readonly id: TenantId;
  readonly domain: string | undefined;
  readonly emailTag: string | null;
  readonly sisterOf: string | null;
}

/** In a nearly full year one draw in twenty finds a code that is free. */
const CODES_SHARE = 0.8;

export function platformChecks(
  platform: () => Platform,
  credentials: () => VaultOptions,
  tenants: readonly TenantSettings[],
  clock: Pick<Clock, 'now'>,
): readonly Check[] {
  return [
    {
      name: 'credential keys',
      needs: ['mongodb', 'configuration of credentials'],
      look: () => lookAtKeys(platform().passwords, credentials()),
    },
    {
      name: 'code space',
      needs: ['mongodb'],
      look: async () => {
        const prefix = codePrefix(clock.now());
        return judgeCodes(prefix, await platform().documents.codesInYear(prefix));
      },
    },
    { name: 'sisters', needs: ['configuration'], look: async () => judgeSisters(tenants) },
  ];
}

async function lookAtKeys(passwords: Platform['passwords'], options: VaultOptions): Promise<Seen> {
  const ids = keyIds(options.keys);
  try {
    await checkKeys(passwords, createVault(options), ids);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // It says what to do along with what is wrong.
    const [what = '', ...mend] = error.message.split(/(?<=\.) /);
    return found('do not fit', {
      level: 'error',
      code: error.code,
      what,
      why: 'concord serve does not start, because the accounts behind those passwords could not be mended.',
      mend: mend.join(' '),
    });
  }
  return well(ids.length === 0 ? 'none, and none are needed' : `${ids.join(', ')}: fit what is stored`);
}

export function judgeCodes(prefix: string, used: number): Seen {
  const summary = `${used} of ${CODES_A_YEAR} codes ${prefix}… in use`;
  if (used <= CODES_A_YEAR * CODES_SHARE) return well(summary);
  return found(summary, {
    level: 'warning',
    code: 'CODE_SPACE',
    what: `${used} of the ${CODES_A_YEAR} codes of this year (${prefix}…) are in use.`,
    why: 'The more are taken the more draws it takes, and after sixteen misses a user gets a code that is two letters longer.',
    mend: 'Nothing has to be done: longer codes are given by themselves. See that whatever reads codes takes eleven letters.',
  });
}

export function judgeSisters(tenants: readonly TenantSettings[]): Seen {
  const findings: Finding[] = [];
  for (const [at, tenant] of tenants.entries()) {
    const same = tenants.slice(0, at).find(({ domain }) => domain !== undefined && domain === tenant.domain);
    if (same !== undefined)
      findings.push({
        level: 'error',
        code: 'TENANT_TWICE',
        what: `The tenants ${same.id} and ${tenant.id} have the domain ${tenant.domain}.`,
        why: 'Everybody is two users, with two keys, two codes and two accounts.',
        mend: `Correct tenants[${at}].domain, or take the tenant away.`,
      });
    const sister = tenants.find(({ id }) => id === tenant.sisterOf);
    if (sister !== undefined && sister.emailTag === null && tenant.emailTag === null)
      findings.push({
        level: 'warning',
        code: 'SISTERS_UNTAGGED',
        what: `${tenant.id} and ${sister.id} are sisters, and neither has an emailTag.`,
        why: 'A PDS holds an address once, so whoever is in both gets one account and the other user is held for ever.',
        mend: `Set tenants[${at}].emailTag, such as ${tenant.id}; or leave it, if one account a person is what you want.`,
      });
  }
  const pairs = tenants.filter(({ sisterOf }) => sisterOf !== null).length;
  return found(pairs === 0 ? 'none' : `${pairs}`, ...findings);
}
