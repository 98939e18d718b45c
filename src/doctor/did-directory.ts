/**
 * The PLC directory that `pds.plcUrl` names, which says where an account is. The PDS does not say which one it uses, but
 * it registers the DID of each account there, so a directory that has none of them is the wrong one.
 *
 * | check                     | finding                                             | level |
 * |---------------------------|-----------------------------------------------------|-------|
 * | did directory             | does not answer                                     | error |
 * | did directory             | something answers that is not a PLC directory       | error |
 * | accounts in did directory | has none of the accounts of the PDS that were asked | error |
 */

import { counted } from '../count.ts';
import type { Did } from '../identity.ts';
import type { PdsInspection, PlcInspection } from '../ports/inspection.ts';
import { type Check, type Finding, found, type Seen, said, well } from './check.ts';

/** A single account may have been registered elsewhere. */
const ACCOUNTS_ASKED = 5;

const WHY = 'Concord asks it whether an account that is deactivated or missing moved to another PDS.';
const NAME_IT =
  'Set PDS_DID_PLC_URL to what the PDS itself was started with, in /pds/pds.env; by default https://plc.directory.';

export function didDirectoryChecks(
  plc: () => PlcInspection,
  pds: () => Pick<PdsInspection, 'accounts'>,
): readonly Check[] {
  return [
    { name: 'did directory', needs: ['configuration of pds'], run: () => checkDirectory(plc()) },
    {
      name: 'accounts in did directory',
      needs: ['did directory', 'pds'],
      run: async () => judgeAccounts(plc(), await pds().accounts(ACCOUNTS_ASKED)),
    },
  ];
}

async function checkDirectory(plc: PlcInspection): Promise<Seen> {
  try {
    if ((await plc.answers()) === 'directory') return well('answers');
    return shut('is not a PLC directory', {
      ...{
        level: 'error',
        code: 'PLC_URL_WRONG',
        why: `${WHY} This server cannot answer that.`,
        mend: NAME_IT,
      },
      what: 'PDS_DID_PLC_URL names a server that is not a PLC directory.',
    });
  } catch (error) {
    return shut('does not answer', {
      ...{ level: 'error', code: 'PLC_URL_UNREACHABLE', what: said(error) },
      why: `${WHY} Without an answer, such accounts stay unknown.`,
      mend: `Check that this machine reaches the directory: curl $PDS_DID_PLC_URL/_health. ${NAME_IT}`,
    });
  }
}

function shut(summary: string, finding: Finding): Seen {
  return { ...found(summary, finding), isShut: true };
}

async function judgeAccounts(plc: PlcInspection, dids: readonly Did[]): Promise<Seen> {
  if (dids.length === 0) return well('no account to compare with');
  const known = (await Promise.all(dids.map((did) => plc.has(did)))).filter((isKnown) => isKnown).length;
  const summary = `has ${known} of ${counted(dids.length, 'account')}`;
  if (known > 0) return well(summary);
  return found(summary, {
    ...{ level: 'error', code: 'PLC_URL_DIFFERS', mend: NAME_IT },
    what: `The PLC directory that PDS_DID_PLC_URL names has none of ${counted(dids.length, 'account')} of the PDS, such as ${dids[0]}: the PDS uses another directory.`,
    why: `${WHY} This one has none of them, so an account that moved looks deactivated or deleted.`,
  });
}
