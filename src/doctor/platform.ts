/**
 * The platform's own data.
 *
 * | check            | finding                                              | level   |
 * |------------------|------------------------------------------------------|---------|
 * | credential keys  | a stored password was sealed with a key that is missing or differs | error |
 * | password storage | plaintext passwords are stored, and credentials.storage is not set | error |
 * | password storage | passwords are stored in another way than credentials.storage says | warning |
 * | code space       | four fifths of this year's codes are in use            | warning |
 * | `sisters`        | two tenants are one Auth0 tenant                       | error   |
 * | `sisters`        | the second account of a person could have no address    | warning |
 */

import { CHOOSE_STORAGE, checkKeys, STORAGE_UNSET } from '../credentials/check-passwords.ts';
import { ANY_KEY_ID, envelopePattern, keyIds, plaintextPattern } from '../credentials/envelope.ts';
import { createVault, type VaultOptions } from '../credentials/vault.ts';
import { UsageError } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentReader } from '../ports/documents.ts';
import type { StoredPasswordReader } from '../ports/passwords.ts';
import { CODES_A_YEAR, codePrefix } from '../reconcilers/document/code.ts';
import { type Check, type Finding, found, type Seen, well } from './check.ts';

export interface Platform {
  readonly documents: Pick<DocumentReader, 'codesInYear'>;
  readonly passwords: Pick<StoredPasswordReader, 'sample'>;
}

export interface TenantSettings {
  readonly id: TenantId;
  readonly domain: string | undefined;
  /** Undefined for none; of a linked tenant only where the configuration says so. */
  readonly emailTag: string | undefined;
  readonly sisterOf: string | null;
}

/** In a nearly full year, one draw in twenty finds a free code. */
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
      run: () => checkStoredKeys(platform().passwords, credentials()),
    },
    {
      name: 'password storage',
      needs: ['mongodb', 'configuration of credentials'],
      run: () => checkStorage(platform().passwords, credentials().storage),
    },
    {
      name: 'code space',
      needs: ['mongodb'],
      run: async () => {
        const prefix = codePrefix(clock.now());
        return judgeCodes(prefix, await platform().documents.codesInYear(prefix));
      },
    },
    { name: 'sisters', needs: ['configuration'], run: async () => judgeLinkedTenants(tenants) },
  ];
}

async function checkStoredKeys(passwords: Platform['passwords'], options: VaultOptions): Promise<Seen> {
  const ids = keyIds(options.keys);
  try {
    await checkKeys(passwords, createVault(options), ids);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // The message has both the problem and the fix.
    const [what = '', ...mend] = error.message.split(/(?<=\.) /);
    return found('do not match', {
      level: 'error',
      code: error.code,
      what,
      why: 'concord serve does not start, because it could not repair the accounts of these passwords.',
      mend: mend.join(' '),
    });
  }
  return well(
    ids.length === 0 ? 'none, and none are needed' : `${ids.join(', ')}: match the stored passwords`,
  );
}

async function checkStorage(
  passwords: Platform['passwords'],
  storage: VaultOptions['storage'],
): Promise<Seen> {
  const other = storage === 'plaintext' ? envelopePattern(ANY_KEY_ID) : plaintextPattern();
  const [example] = await passwords.sample(other, 1);
  const summary = storage ?? 'not set: sealed';
  if (example === undefined) return well(summary);
  if (storage === null)
    return found(summary, {
      level: 'error',
      code: 'CREDENTIAL_STORAGE_UNSET',
      what: STORAGE_UNSET,
      why: 'concord serve and concord reconcile do not start: without a choice they would store new passwords sealed.',
      mend: CHOOSE_STORAGE.replaceAll('\n', ' '),
    });
  if (storage === 'sealed')
    return found(summary, {
      level: 'warning',
      code: 'PASSWORDS_IN_PLAINTEXT',
      what: `credentials.storage is sealed, and some account passwords are stored in plaintext, such as that of ${example.user}.`,
      why: 'Concord opens both; everyone who can read the database can log in with a plaintext one. To seal them breaks platform code that logs in with users.atproto.password as it is stored.',
      mend: `Have the platform code read passwords with openPassword from 'concord/credentials', then run: concord credentials seal`,
    });
  return found(summary, {
    level: 'warning',
    code: 'PASSWORDS_SEALED',
    what: `credentials.storage is plaintext, and some account passwords are sealed, such as that of ${example.user}.`,
    why: 'Concord opens both while it has the keys; platform code that logs in with users.atproto.password as it is stored cannot use a sealed one.',
    mend: 'Keep CONCORD_CREDENTIAL_KEYS set, and run: concord credentials unseal',
  });
}

export function judgeCodes(prefix: string, used: number): Seen {
  const summary = `${used} of ${CODES_A_YEAR} codes ${prefix}… in use`;
  if (used <= CODES_A_YEAR * CODES_SHARE) return well(summary);
  return found(summary, {
    level: 'warning',
    code: 'CODE_SPACE',
    what: `${used} of the ${CODES_A_YEAR} codes of this year (${prefix}…) are in use.`,
    why: 'New codes are drawn at random. After sixteen draws of used codes, a user gets a code that is two letters longer.',
    mend: 'Longer codes follow without action. Check that every program that reads codes accepts eleven letters.',
  });
}

export function judgeLinkedTenants(tenants: readonly TenantSettings[]): Seen {
  const findings: Finding[] = [];
  for (const [at, tenant] of tenants.entries()) {
    const same = tenants.slice(0, at).find(({ domain }) => domain !== undefined && domain === tenant.domain);
    if (same !== undefined)
      findings.push({
        level: 'error',
        code: 'TENANT_TWICE',
        what: `The tenants ${same.id} and ${tenant.id} have the domain ${tenant.domain}.`,
        why: 'Every person becomes two users, with two keys, two codes and two accounts.',
        mend: `Correct tenants[${at}].domain, or remove the tenant.`,
      });
    const linkedTenant = tenants.find(({ id }) => id === tenant.sisterOf);
    const untagged =
      linkedTenant === undefined ? [] : [linkedTenant, tenant].filter((one) => one.emailTag === undefined);
    if (untagged.length > 0)
      findings.push({
        level: 'warning',
        code: 'SISTERS_UNTAGGED',
        what: `emailTag is false for ${untagged.map(({ id }) => id).join(' and ')}, which is linked with another tenant.`,
        why: 'An address can have one account on the PDS. A person who is in both tenants has no account in this one if the account in the other one was created first.',
        mend: 'Remove emailTag, so that the id of the tenant is its tag. Keep it if you want one account for each person.',
      });
  }
  const pairs = tenants.filter(({ sisterOf }) => sisterOf !== null).length;
  return found(pairs === 0 ? 'none' : `${pairs}`, ...findings);
}
