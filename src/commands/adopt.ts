/**
 * `concord adopt <user> [did]`: shows what speaks for an account being this user's, and asks. A handle
 * or an address alone proves nothing, so nobody but a person says yes; the next pass carries it out.
 */
import { decide } from '../engine/decide.ts';
import { dryRun } from '../engine/dry-run.ts';
import { UsageError } from '../errors.ts';
import { type Did, parseAccountHandle, parseDid } from '../identity.ts';
import type { PdsAccount } from '../ports.ts';
import { printJson } from '../terminal/output.ts';
import { visible } from '../terminal/visible.ts';
import { type ReadSide, wireEngine, wireReadSide } from '../wire.ts';
import { configFor, EXIT, type ExitCode, quietLoggerFor, type Terminal, terminalOf } from './command.ts';
import { confirm } from './confirm.ts';
import type { DecisionOptions } from './decisions.ts';
import { type FoundUser, findUser } from './find-user.ts';

export interface AdoptOptions extends DecisionOptions {
  /** Show the evidence and end. */
  readonly preview?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

interface Evidence {
  readonly says: 'for' | 'against';
  readonly what: string;
}

interface Proposal {
  readonly found: FoundUser;
  readonly account: PdsAccount;
  readonly evidence: readonly Evidence[];
}

export async function runAdopt(
  text: string,
  account: string | undefined,
  options: AdoptOptions,
): Promise<ExitCode> {
  const proposal = await propose(text, account, options);
  const terminal = terminalOf(options);
  if (!terminal.json) printEvidence(proposal, terminal);
  if (options.preview === true) {
    if (terminal.json) printJson({ command: 'adopt', ...told(proposal) });
    return EXIT.differences;
  }
  const { found, account: candidate } = proposal;
  const isGranted = await confirm(`Is ${candidate.did} the account of ${visible(found.user)}?`, options.yes);
  if (isGranted) await grant(proposal, options);
  if (terminal.json) printJson({ command: 'adopt', ...told(proposal), granted: isGranted });
  else
    terminal.stdout.write(
      isGranted
        ? 'Granted. The next pass adopts it: the account gets a password of ours.\n'
        : 'Nothing was changed.\n',
    );
  return isGranted ? EXIT.clean : EXIT.differences;
}

/** Looks with readers only: whatever is found, nothing can be changed before somebody has said yes. */
async function propose(text: string, account: string | undefined, options: AdoptOptions): Promise<Proposal> {
  const side = wireReadSide(configFor(options, ['mongodb', 'auth0', 'pds']));
  try {
    const found = await findUser(text, side.tenants, side.assess.documents);
    const candidate = await findCandidate(side, found, account);
    return { found, account: candidate, evidence: await weigh(side, found, candidate) };
  } finally {
    await side.close();
  }
}

async function grant({ found, account, evidence }: Proposal, options: AdoptOptions): Promise<void> {
  const config = configFor(options, ['mongodb', 'auth0', 'pds', 'credentials']);
  const engine = wireEngine(config, quietLoggerFor(options, config));
  try {
    const trigger = { user: found.user, userId: found.userId, tenant: found.tenant.id };
    const reasons = evidence.map(({ says, what }) => `${says}: ${what}`);
    await decide(engine.converge, trigger, 'adoption.granted', {
      did: account.did,
      by: options.by,
      evidence: reasons,
    });
  } finally {
    await engine.close();
  }
}

function told({ found, account, evidence }: Proposal) {
  return { user: found.user, did: account.did, handle: account.handle, evidence };
}

function printEvidence({ found, account, evidence }: Proposal, { stdout, style }: Terminal): void {
  stdout.write(
    `${style('bold', visible(found.user))} and the account ${account.did} (${visible(account.handle)})\n`,
  );
  for (const { says, what } of evidence)
    stdout.write(`  ${style(says === 'for' ? 'green' : 'red', says.padEnd(8))}${visible(what)}\n`);
}

/** The account that was named, or the one in the document, or the one that carries the user's handle. */
async function findCandidate(
  side: ReadSide,
  found: FoundUser,
  text: string | undefined,
): Promise<PdsAccount> {
  const { accounts, documents, subjects } = side.assess;
  const did = text === undefined ? await guessDid(side, found) : await didOf(side, text);
  // A document may have lost the account that the log, and so the read model, still knows it by.
  const named = [...(await documents.findUsers({ did })), ...(await subjects.holdersOfDid(did))];
  const owners = [...new Set(named)].filter((owner) => owner !== found.user);
  if (owners.length > 0)
    throw new UsageError(`${did} is the account of ${visible(owners.join(', '))}.`, 'ACCOUNT_OF_ANOTHER');
  const account = await accounts.account(did);
  if (account === 'missing') throw new UsageError(`The PDS has no account ${did}.`, 'ACCOUNT_UNKNOWN');
  return account;
}

async function didOf({ assess }: ReadSide, text: string): Promise<Did> {
  const did = parseDid(text);
  if (did !== undefined) return did;
  const handle = parseAccountHandle(text.replace(/^@/, ''));
  const holder = handle === undefined ? undefined : await assess.accounts.holderOf(handle);
  if (holder?.type === 'account') return holder.did;
  throw new UsageError(
    `No account is known as ${visible(text)}. Give a DID or a full handle.`,
    'ACCOUNT_UNKNOWN',
  );
}

async function guessDid(side: ReadSide, { user, userId, tenant }: FoundUser): Promise<Did> {
  const { facts, view } = await dryRun(side.assess, tenant, user, userId, new Date());
  if (facts.account !== undefined)
    throw new UsageError(`${visible(user)} has the account ${facts.account.did} already.`, 'HAS_ACCOUNT');
  const recorded = view.documents?.user?.account?.did;
  if (recorded !== undefined) return recorded;
  const { preferred } = view.desired.handle;
  const holder = preferred === undefined ? undefined : await side.assess.accounts.holderOf(preferred);
  if (holder?.type === 'account') return holder.did;
  throw new UsageError(
    "No account carries this user's handle. Name one: concord adopt <user> <did>",
    'ACCOUNT_UNKNOWN',
  );
}

async function weigh(
  side: ReadSide,
  { user, userId, tenant }: FoundUser,
  account: PdsAccount,
): Promise<Evidence[]> {
  const { facts, view } = await dryRun(side.assess, tenant, user, userId, new Date());
  const weighed = (holds: boolean, yes: string, no: string): Evidence =>
    holds ? { says: 'for', what: yes } : { says: 'against', what: no };
  const address = facts.auth0?.email?.toLowerCase();
  const sameAddress = address !== undefined && account.email?.toLowerCase() === address;
  const preferred = view.desired.handle.preferred;
  return [
    weighed(
      view.documents?.user?.account?.did === account.did,
      'the users document names it',
      'the users document does not name it',
    ),
    weighed(sameAddress, 'it has the address of the user', 'it has another address'),
    weighed(
      facts.auth0?.emailVerified === true,
      'the user has verified that address',
      'the user has not verified an address',
    ),
    weighed(
      preferred === account.handle,
      'it carries the handle of the user',
      'it does not carry the handle of the user',
    ),
    weighed(account.state === 'active', 'it is active', `it is ${account.state}`),
    { says: 'against', what: 'Concord has no intent on record for it' },
  ];
}
