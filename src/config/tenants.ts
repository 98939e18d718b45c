/**
 * What has to hold between tenants that share one database.
 *
 * A user's key is the tenant's key prefix and the Auth0 id, joined without a separator. Two different
 * people must never get the same key, so:
 *
 * - ids and prefixes are unique, and so at most one prefix is empty;
 * - no prefix begins another, or the one tenant's `a-` + `b-7` would be the other's `a-b-` + `7`;
 * - a prefix is not how an Auth0 id begins. Ids begin with the name of a strategy (`auth0|…`,
 *   `google-oauth2|…`), so next to an empty prefix, `google-` + `oauth2|7` would be another user.
 *
 * Two streams do not share a token either: its holder could write another tenant's log.
 *
 * At most two tenants are linked: with a third, it would be undefined which tenant's handle a person has. Their email
 * tags differ, or the account of one user would get the address of the other.
 */
import { type ExcludedBy, exclusionOf } from '../exclusion.ts';
import { formatPath, isMapping } from './sources.ts';

/**
 * The names of Auth0's strategies that a prefix ending in a hyphen can begin. Names without a hyphen
 * (`auth0`, `email`, `sms`, `samlp`, …) cannot be confused with one.
 */
const HYPHENATED_STRATEGIES = [
  'auth0-adldap',
  'auth0-oidc',
  'evernote-sandbox',
  'google-apps',
  'google-oauth2',
  'google-openid',
  'paypal-sandbox',
  'salesforce-community',
  'salesforce-sandbox',
  'thecity-sandbox',
] as const;

interface Named {
  readonly index: number;
  readonly value: string;
}

/** Every problem between the tenants of a configuration that may itself be malformed. */
export function tenantProblems(tenants: unknown): string[] {
  const list = Array.isArray(tenants) ? tenants : [];
  const mappings = list.map((tenant: unknown) => (isMapping(tenant) ? tenant : {}));
  return [
    ...idProblems(texts(mappings.map((tenant) => tenant['id']))),
    ...prefixProblems(texts(mappings.map((tenant) => tenant['keyPrefix'] ?? ''))),
    ...linkedTenantProblems(mappings),
    ...tagProblems(mappings),
    ...tokenProblems(mappings),
  ];
}

function texts(values: readonly unknown[]): Named[] {
  return values.flatMap((value, index) => (typeof value === 'string' ? [{ index, value }] : []));
}

function idProblems(ids: readonly Named[]): string[] {
  return ids.flatMap(({ index, value }) => {
    const first = ids.find((other) => other.value === value);
    return first === undefined || first.index === index
      ? []
      : [
          `${formatPath(['tenants', index, 'id'])}: ${value} is the id of ${formatPath(['tenants', first.index])} too`,
        ];
  });
}

function prefixProblems(prefixes: readonly Named[]): string[] {
  return prefixes.flatMap(({ index, value }) => {
    const path = formatPath(['tenants', index, 'keyPrefix']);
    const problems: string[] = [];
    const same = prefixes.find((other) => other.index < index && other.value === value);
    if (same !== undefined) {
      problems.push(
        value === ''
          ? `${path}: is empty, and so is that of ${formatPath(['tenants', same.index])}: only one tenant may store its Auth0 ids without a prefix, or two people could come to one key`
          : `${path}: is that of ${formatPath(['tenants', same.index])} too: two people could come to one key`,
      );
    }
    if (value === '') return problems;
    const longer = prefixes.find((other) => other.value !== value && other.value.startsWith(value));
    if (longer !== undefined) {
      problems.push(
        `${path}: begins the prefix of ${formatPath(['tenants', longer.index])}: two people could come to one key`,
      );
    }
    const strategy = HYPHENATED_STRATEGIES.find((name) => name.startsWith(value));
    if (strategy !== undefined) {
      problems.push(
        `${path}: is how the Auth0 ids of ${strategy} begin: a key could be read as another tenant's id`,
      );
    }
    return problems;
  });
}

function linkedTenantProblems(tenants: readonly Readonly<Record<string, unknown>>[]): string[] {
  return texts(tenants.map((tenant) => tenant['sisterOf'])).flatMap(({ index, value }) => {
    const path = formatPath(['tenants', index, 'sisterOf']);
    const named = tenants.findIndex((tenant) => tenant['id'] === value);
    if (named === -1) return [`${path}: there is no tenant ${value}`];
    if (named === index) return [`${path}: is the tenant itself`];
    if (typeof tenants[named]?.['sisterOf'] === 'string') {
      return [`${path}: ${value} has a sisterOf itself; only one of two linked tenants names the other`];
    }
    const first = tenants.findIndex((tenant) => tenant['sisterOf'] === value);
    return first === index
      ? []
      : [
          `${path}: ${value} is already linked to ${formatPath(['tenants', first])}; only two tenants can be linked`,
        ];
  });
}

interface Tagged {
  readonly id?: unknown;
  readonly emailTag?: unknown;
  readonly sisterOf?: unknown;
}

/**
 * What is put into the addresses of a tenant's users where another user has theirs. Of a tenant that is linked with
 * another one it is by default the id of the tenant, so that both users of a person end with an account, whichever
 * comes first. An id has the form of a tag.
 */
export function emailTagOf(tenants: readonly Tagged[], tenant: Tagged): string | undefined {
  const { id, emailTag } = tenant;
  if (typeof emailTag === 'string') return emailTag;
  if (emailTag === false || typeof id !== 'string') return undefined;
  return tenants.some((other) => isPair(other, tenant)) ? id : undefined;
}

function isPair(a: Tagged, b: Tagged): boolean {
  return (a.sisterOf ?? null) === b.id || (b.sisterOf ?? null) === a.id;
}

/** What is excluded of one tenant: the keys of `exclude`, and the Auth0 ids of its own. */
export function exclusionFor(
  { exclude }: { readonly exclude: readonly string[] },
  tenant: { readonly keyPrefix: string; readonly exclude: readonly string[] },
): ExcludedBy {
  return exclusionOf([
    ...exclude.map((text) => ({ text, keyPrefix: '' })),
    ...tenant.exclude.map((text) => ({ text, keyPrefix: tenant.keyPrefix })),
  ]);
}

function tagProblems(tenants: readonly Readonly<Record<string, unknown>>[]): string[] {
  return tenants.flatMap((tenant, index) => {
    const tag = emailTagOf(tenants, tenant);
    const first = tenants.findIndex((other) => isPair(other, tenant) && emailTagOf(tenants, other) === tag);
    if (tag === undefined || first === -1 || first >= index) return [];
    const [path, other] = [formatPath(['tenants', index, 'emailTag']), formatPath(['tenants', first])];
    return [
      `${path}: ${tag} is the tag of ${other} too, which is its id where none is set; linked tenants need two`,
    ];
  });
}

function tokenProblems(tenants: readonly Readonly<Record<string, unknown>>[]): string[] {
  const owner = new Map<unknown, string>();
  const problems: string[] = [];
  for (const [tenant, mapping] of tenants.entries()) {
    for (const name of ['logTokens', 'eventTokens']) {
      const list = mapping[name];
      for (const [index, token] of (Array.isArray(list) ? list : []).entries()) {
        const path = formatPath(['tenants', tenant, name, index]);
        const first = owner.get(token);
        if (first === undefined) owner.set(token, path);
        else problems.push(`${path}: is the same token as ${first}`);
      }
    }
  }
  return problems;
}
