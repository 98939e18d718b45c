/**
 * The PDS: whether it is healthy, accepts our credentials, and offers what accounts need.
 *
 * | check          | finding                                                     | level   |
 * |----------------|-------------------------------------------------------------|---------|
 * | pds            | does not answer, or reports that it is not healthy           | error   |
 * | pds admin      | the password is refused, or invite codes may not be created  | error   |
 * | pds invites    | not required, so that anyone can create an account           | warning |
 * | handle domain  | none is offered, or one under which no handle is allowed      | error   |
 * | handle domain  | most accounts in the documents are under another             | error   |
 * | pds rate limit | the bypass key is not accepted; less than a tenth is left    | warning |
 * | plc directory  | does not answer the PDS                                      | error   |
 */

import { counted } from '../count.ts';
import type { MongodbInspection, PdsInspection } from '../ports/inspection.ts';
import { judgeQuota } from './auth0.ts';
import { type Check, type Finding, found, type Seen, said, well } from './check.ts';

/** The PDS refuses every handle under these. */
const REFUSED_DOMAINS = /\.(local|invalid|example|internal|localhost|arpa|alt|onion)$/;
/** The number of accounts whose domain is compared. */
const ACCOUNTS_SEEN = 1_000;

export interface ExaminedPds {
  readonly inspection: PdsInspection;
  readonly hasBypassKey: boolean;
}

export function pdsChecks(
  pds: () => ExaminedPds,
  mongodb: () => Pick<MongodbInspection, 'accountHandles'>,
): readonly Check[] {
  let described: ReturnType<PdsInspection['describe']> | undefined;
  const describe = () => (described ??= pds().inspection.describe());
  return [
    { name: 'pds', needs: ['configuration of pds'], run: () => checkHealth(pds().inspection) },
    { name: 'pds admin', needs: ['pds'], run: () => checkAdmin(pds().inspection) },
    {
      name: 'pds invites',
      needs: ['pds'],
      run: async () => judgeInvites((await describe()).invitesRequired),
    },
    {
      name: 'handle domain',
      needs: ['pds'],
      run: async () => judgeDomains((await describe()).handleDomains),
    },
    {
      name: 'handles of accounts',
      needs: ['handle domain', 'mongodb'],
      run: async () => {
        const [{ handleDomains }, handles] = await Promise.all([
          describe(),
          mongodb().accountHandles(ACCOUNTS_SEEN),
        ]);
        return judgeHandles(handleDomains[0] ?? '', handles);
      },
    },
    { name: 'pds rate limit', needs: ['pds'], run: () => checkQuota(pds()) },
    {
      name: 'plc directory',
      needs: ['pds admin', 'handle domain'],
      run: async () => checkDirectory(pds().inspection, (await describe()).handleDomains[0] ?? ''),
    },
  ];
}

async function checkHealth(pds: PdsInspection): Promise<Seen> {
  try {
    const { version } = await pds.health();
    return well(version ?? 'healthy (version not reported)');
  } catch (error) {
    const finding: Finding = {
      level: 'error',
      code: 'PDS_UNREACHABLE',
      what: said(error),
      why: 'No account is created or compared.',
      mend: 'Check that the PDS runs (see its log) and that PDS_URL names it: curl $PDS_URL/xrpc/_health',
    };
    return { ...found('is not healthy', finding), isShut: true };
  }
}

async function checkAdmin(pds: PdsInspection): Promise<Seen> {
  if ((await pds.admin()) === 'accepted')
    return well('the password is accepted, invite codes may be created');
  const finding: Finding = {
    level: 'error',
    code: 'PDS_PASSWORD',
    what: 'The PDS refuses the administrator’s password.',
    why: 'Without it no invite code, and so no account, can be created, and accounts cannot be read.',
    mend: 'Set PDS_ADMIN_PASSWORD to the password in the environment of the PDS, in /pds/pds.env.',
  };
  return { ...found('refused', finding), isShut: true };
}

function judgeInvites(required: boolean): Seen {
  if (required) return well('required');
  return found('not required', {
    level: 'warning',
    code: 'INVITES_NOT_REQUIRED',
    what: 'The PDS creates accounts without invite codes.',
    why: 'Anyone can create an account, and take the handle of one of your users.',
    mend: 'Start the PDS with PDS_INVITE_REQUIRED=true.',
  });
}

export function judgeDomains(domains: readonly string[]): Seen {
  const [domain] = domains;
  if (domain === undefined) {
    const finding: Finding = {
      level: 'error',
      code: 'NO_HANDLE_DOMAIN',
      what: 'The PDS offers no domain for handles.',
      why: 'No account can be created.',
      mend: 'Start the PDS with PDS_SERVICE_HANDLE_DOMAINS, such as .at.your-host.',
    };
    return { ...found('none', finding), isShut: true };
  }
  const summary = domains.length === 1 ? domain : `${domain}, the first of ${domains.length}`;
  if (!REFUSED_DOMAINS.test(domain)) return well(summary);
  const refused: Finding = {
    level: 'error',
    code: 'HANDLE_DOMAIN_REFUSED',
    what: `The PDS offers ${domain}, under which it allows no handle.`,
    why: 'Every account creation is refused.',
    mend: 'Start the PDS with PDS_SERVICE_HANDLE_DOMAINS under a domain that exists, or .test.',
  };
  return { ...found(summary, refused), isShut: true };
}

/** A few accounts may have their own domain. Where most do, the offered one is wrong. */
export function judgeHandles(domain: string, handles: readonly string[]): Seen {
  const other = handles.filter((handle) => !handle.endsWith(domain));
  const summary = `${handles.length - other.length} of ${handles.length} under ${domain}`;
  const [example] = other;
  if (example === undefined || other.length * 2 <= handles.length) return well(summary);
  return found(summary, {
    level: 'error',
    code: 'HANDLE_DOMAIN_DIFFERS',
    what: `The PDS offers ${domain}, and ${other.length} of ${counted(handles.length, 'account')} in the documents ${other.length === 1 ? 'is' : 'are'} under another domain, such as ${example.slice(example.indexOf('.'))}.`,
    why: 'Concord would search for these accounts on the wrong PDS, or rename all of them.',
    mend: 'Check that PDS_URL is the PDS of these accounts, and that its PDS_SERVICE_HANDLE_DOMAINS is unchanged.',
  });
}

async function checkQuota({ inspection, hasBypassKey }: ExaminedPds): Promise<Seen> {
  const quota = await inspection.quota();
  if (!hasBypassKey || quota === undefined) return judgeQuota('The PDS', quota);
  return found('the bypass key is not accepted', {
    level: 'warning',
    code: 'BYPASS_KEY',
    what: 'The PDS counts our calls although they carry the rate-limit bypass key.',
    why: 'It allows one address at most 100 new accounts in five minutes.',
    mend: 'Set PDS_RATE_LIMIT_BYPASS_KEY to the key in the environment of the PDS.',
  });
}

async function checkDirectory(pds: PdsInspection, domain: string): Promise<Seen> {
  if (await pds.directoryAnswers(domain)) return well('answers the PDS');
  return found('does not answer the PDS', {
    level: 'error',
    code: 'PLC_UNREACHABLE',
    what: 'The PDS gets no answer from the PLC directory.',
    why: 'No account can be created or renamed. An interrupted creation may leave a DID behind.',
    mend: 'Run on the machine of the PDS: curl $PDS_DID_PLC_URL/_health, by default https://plc.directory.',
  });
}
