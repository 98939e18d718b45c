/** The command line's definition. Commands are loaded when they are called, so that `--help` is quick. */
// biome-ignore-all lint/style/noExcessiveLinesPerFile: each command stands here with its arguments and options, in the order of --help.
import { userInfo } from 'node:os';
import { Argument, Command, Option } from '@commander-js/extra-typings';
import { concordVersion } from '../config/version.ts';
import { loginRate, mostListed, newestCount, seconds, wholeNumber } from './arguments.ts';
import type { GlobalOptions } from './command.ts';
import { addGuides, SHELLS } from './guide.ts';

const DEFAULT_LIMIT = 50;
/** Few enough that the whole explanation fits on one screen. */
const EFFECTS_LIMIT = 12;

const EXIT_CODES = `
Exit codes: 0 done, or nothing to do · 1 error · 2 differences found, nothing changed, or a usage error · 3 stopped by a safety limit · 4 partly done
<user> is an Auth0 id, @handle, code, email address, DID or stored key (key:<text> if its text is another name as well).
Write -- before one that begins with a dash.`;

/** Ends each command with `end`, which gets its exit code. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one statement a command, in the order of --help.
export function createProgram(end: (code: number) => void) {
  const concord = new Command('concord')
    .description('Reconcile the users of Auth0 with MongoDB and an ATProto PDS.')
    .option('--config <file>', 'configuration file, merged over the defaults')
    .option('--sandbox', 'use the sandbox that runs in this directory')
    .option('--json', 'print one JSON document on stdout')
    .addOption(
      new Option('--log-level <level>', 'lowest level to log to stderr').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'fatal',
        'silent',
      ]),
    )
    .option('--no-color', 'print no colors, also on a terminal')
    .option('--timeout <seconds>', 'how long to wait for MongoDB to answer first (default: 4)', seconds)
    .addHelpText('after', EXIT_CODES)
    .version(concordVersion(), '--version', 'print the version')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    // The command line reports errors, with the usage of the command.
    .configureOutput({ outputError: () => undefined });
  const globals = (): GlobalOptions => concord.opts();

  concord
    .command('serve')
    .description('ingest Auth0 logs and reconcile users, until stopped')
    .action(async () => end(await (await import('./serve.ts')).runServe(globals())));
  concord
    .command('status')
    .description('show the health of users, streams and sweeps on one screen')
    .action(async () => end(await (await import('./status.ts')).runStatus(globals())));
  concord
    .command('reconcile')
    .argument('[user]', 'user to reconcile')
    .option('--all', 'reconcile every user who is out of sync')
    .option('--dry-run', 'show the plan and change nothing')
    .option('--tenant <id>', 'with --all: only this tenant')
    .description('reconcile one user or all users now')
    .action(async (user, options) =>
      end(await (await import('./plan/reconcile.ts')).runReconcile(user, { ...globals(), ...options })),
    );
  concord
    .command('pull')
    .option('--tenant <id>', 'only this tenant')
    .description('ingest Auth0 log entries that were not delivered, and list gaps')
    .action(async (options) => end(await (await import('./pull.ts')).runPull({ ...globals(), ...options })));
  concord
    .command('audit')
    .option('--tenant <id>', 'only this tenant')
    .option(
      '--limit <n>',
      'maximum number of users to list, 0 for all (default: 50, and all with --ndjson)',
      mostListed,
    )
    .option('--since <when>', 'only users created or changed in Auth0 since then: 24h, 7d, or a timestamp')
    .option('--last <n>', 'list the newest sign-ups, 1 to 1000, each with its status', newestCount)
    .option('--without-account', 'list users without an account, each with the reason')
    .option('--ndjson', 'print one JSON line for each user out of sync, and a last one with the totals')
    .option('--orphans', 'list documents and accounts that belong to no user, in all tenants')
    .option('--logins', 'test the stored password of every account by one login each')
    .option('--per-second <n>', 'with --logins: maximum logins per second (default: 1)', loginRate)
    .option('--restart', 'with --logins: start from the beginning instead of where the last run stopped')
    .description('count users in sync, and list users who are out of sync')
    .action(async (options) =>
      end(await (await import('./audit/audit.ts')).runAudit({ ...globals(), ...options })),
    );
  concord
    .command('plan')
    .argument('[user]', 'only this user')
    .option('--tenant <id>', 'only this tenant')
    .option('--limit <n>', 'maximum number of users to list, 0 for all', mostListed, DEFAULT_LIMIT)
    .option('--out <file>', 'save the plan to a file, for the command apply')
    .addOption(
      new Option('--show <file>', 'print a saved plan, and read nothing else').conflicts(['out', 'tenant']),
    )
    .description('show what Concord would do, and why')
    .action(async (user, options) =>
      end(await (await import('./plan/plan.ts')).runPlan(user, { ...globals(), ...options })),
    );
  concord
    .command('apply')
    .argument('<file>', 'plan saved by concord plan --out')
    .option('--yes', 'do not ask for confirmation')
    .description('apply a saved plan; users who changed since are skipped and listed')
    .action(async (file, options) =>
      end(await (await import('./plan/apply.ts')).runApply(file, { ...globals(), ...options })),
    );
  concord
    .command('events')
    .argument('[user]', 'only this user')
    .option('--limit <n>', 'maximum number of events to show, 0 for all', mostListed, DEFAULT_LIMIT)
    .option('--follow', 'print new events until Ctrl-C; with --json, one line for each')
    .description('show the newest events in the log')
    .action(async (user, options) =>
      end(await (await import('./events.ts')).runEvents(user, { ...globals(), ...options })),
    );
  concord
    .command('explain')
    .argument('<user>', 'user to explain')
    .option('--at <when>', 'show the state at a time, from the log alone: 12h ago, or a timestamp')
    .option('--offline', 'use the log alone, and read no other system')
    .option('--limit <n>', 'maximum number of effects to list, 0 for all', mostListed, EFFECTS_LIMIT)
    .description('show desired state, actual state, conditions and the cause of each effect')
    .action(async (user, options) =>
      end(await (await import('./user/explain.ts')).runExplain(user, { ...globals(), ...options })),
    );
  concord
    .command('capture')
    .argument('<user>', 'user to report')
    .option('--out <file>', 'file to write; without it, stdout')
    .description('write a bug report of one user, with all names replaced, that loads as a test')
    .action(async (user, options) =>
      end(await (await import('./user/capture.ts')).runCapture(user, { ...globals(), ...options })),
    );
  concord
    .command('pause')
    .argument('<user>', 'user to pause')
    .requiredOption('--reason <reason>', 'reason, kept in the log')
    .option('--until <when>', 'timestamp, or a duration such as 12h; without it, until resumed')
    .addOption(decidedBy())
    .description('pause one user: change nothing until resumed')
    .action(async (user, options) =>
      end(await (await import('./decisions/decisions.ts')).runPause(user, { ...globals(), ...options })),
    );
  concord
    .command('resume')
    .argument('<user>', 'user to resume')
    .option('--reason <reason>', 'reason, kept in the log')
    .addOption(decidedBy())
    .description('end a pause')
    .action(async (user, options) =>
      end(await (await import('./decisions/decisions.ts')).runResume(user, { ...globals(), ...options })),
    );
  concord
    .command('retry')
    .argument('[user]', 'user to retry')
    .option('--failed', 'every user who is failing or quarantined')
    .option('--reason <reason>', 'reason, kept in the log')
    .addOption(decidedBy())
    .description('clear failures and refusals, and reconcile again')
    .action(async (user, options) =>
      end(await (await import('./decisions/decisions.ts')).runRetry(user, { ...globals(), ...options })),
    );
  concord
    .command('adopt')
    .argument('[user]', 'user that the account belongs to')
    .argument(
      '[account]',
      "DID or handle; default: the account in the document, or the one with the user's handle",
    )
    .option('--all', 'adopt for every user with the condition that --reason names, and reconcile')
    .option('--withdraw', 'withdraw a decision that is not applied yet')
    .option('--reason <reason>', 'reason, kept in the log; with --all: the condition, AccountEmailDiffers')
    .option('--why <reason>', 'reason, kept in the log, also with --all')
    .option('--tenant <id>', 'with --all: only this tenant')
    .option('--max <n>', 'with --all: maximum number of users, instead of limits.adoptions', wholeNumber)
    .option('--preview', 'show the evidence and stop')
    .option('--yes', 'do not ask for confirmation')
    .addOption(decidedBy())
    .description("record that an account which Concord did not create is this user's")
    .action(async (user, account, options) =>
      end(await (await import('./decisions/adopt.ts')).runAdopt(user, account, { ...globals(), ...options })),
    );
  concord
    .command('transfer')
    .argument('<from>', 'the deleted user')
    .argument('<to>', 'the user to transfer to')
    .option('--what <parts>', 'account, handle, code, address, separated by commas (default: account,handle)')
    .option('--replace <did>', 'account of <to> that the transferred account replaces')
    .option('--preview', 'show the evidence and what would move, and stop')
    .addOption(
      new Option('--cancel', 'end an open transfer: the deleted user keeps what is not taken yet').conflicts([
        'what',
        'replace',
        'preview',
      ]),
    )
    .option('--yes', 'do not ask for confirmation')
    .option('--reason <reason>', 'reason, kept in the log')
    .addOption(decidedBy())
    .description('transfer the account of a deleted user to another user, after showing the evidence')
    .action(async (from, to, options) =>
      end(
        options.cancel === true
          ? await (await import('./decisions/cancel-transfer.ts')).runCancel(from, to, {
              ...globals(),
              ...options,
            })
          : await (await import('./decisions/transfer.ts')).runTransfer(from, to, {
              ...globals(),
              ...options,
            }),
      ),
    );
  concord
    .command('restore')
    .argument('[user]', 'user whose documents or account were removed')
    .option('--all', 'restore every user with the condition that --reason names')
    .option('--accept-code', 'make the code in the users document the permanent code')
    .option(
      '--reason <reason>',
      'reason, kept in the log; with --all: the condition, DocumentRemoved or AccountMissing',
    )
    .option('--why <reason>', 'reason, kept in the log, also with --all')
    .option('--tenant <id>', 'with --all: only this tenant')
    .option('--since <when>', 'with --all: only what is missing since then: 24h, 7d, or a timestamp')
    .option('--max <n>', 'with --all: maximum number of users, instead of limits.restores', wholeNumber)
    .option('--preview', 'show what would be written and stop')
    .option('--yes', 'do not ask for confirmation')
    .addOption(decidedBy())
    .description('restore documents or an account that others removed, after showing what is written')
    .action(async (user, options) =>
      end(await (await import('./decisions/restore.ts')).runRestore(user, { ...globals(), ...options })),
    );
  concord
    .command('password')
    .argument('<user>', 'user of the account')
    .option(
      '--reset',
      'set the stored password on the PDS if it is refused; a new one if none is stored or none can be opened',
    )
    .option('--yes', 'do not ask for confirmation')
    .addOption(decidedBy())
    .description('test the stored password of an account')
    .action(async (user, options) =>
      end(await (await import('./user/password.ts')).runPassword(user, { ...globals(), ...options })),
    );
  concord
    .command('approve')
    .argument('[run]', 'halted run; without it, list halted runs')
    .option('--reason <reason>', 'reason, kept in the log')
    .addOption(decidedBy())
    .description('allow a run that a safety limit halted')
    .action(async (run, options) =>
      end(await (await import('./decisions/approve.ts')).runApprove(run, { ...globals(), ...options })),
    );
  concord
    .command('forget')
    .argument('<user>', 'deleted user to forget')
    .option('--force', 'also if another user waits for the address or the handle of this one')
    .option('--yes', 'do not ask for confirmation')
    .addOption(decidedBy())
    .description('erase the personal data of a deleted user from the log; event types and times stay')
    .action(async (user, options) =>
      end(await (await import('./user/forget.ts')).runForget(user, { ...globals(), ...options })),
    );
  concord
    .command('export')
    .argument('<user>', 'user to export, also one who is deleted or forgotten')
    .description('export all data of one person as one JSON document')
    .action(async (user) => end(await (await import('./user/export.ts')).runExport(user, globals())));
  concord
    .command('replay')
    .option('--dry-run', 'count differences and change nothing')
    .description('rebuild the read model from the event log')
    .action(async (options) =>
      end(await (await import('./replay.ts')).runReplay({ ...globals(), ...options })),
    );
  concord
    .command('import')
    .option('--apply', 'move the data, after showing the report and asking')
    .option('--yes', 'do not ask for confirmation')
    .option(
      '--limit <n>',
      'maximum number of users to list of each kind, 0 for all; with --json, all',
      mostListed,
      DEFAULT_LIMIT,
    )
    .addOption(decidedBy())
    .description('report data in older fields (codes in @handles, accounts in atproto_did), and move it')
    .action(async (options) =>
      end(await (await import('./import.ts')).runImport({ ...globals(), ...options })),
    );
  const credentials = concord
    .command('credentials')
    .description('seal, unseal or reseal the stored passwords of accounts');
  credentials
    .command('seal')
    .option('--dry-run', 'count passwords and change nothing')
    .description('seal every plaintext password with the first key of CONCORD_CREDENTIAL_KEYS')
    .action(async (options) =>
      end(
        await (await import('./credentials.ts')).runCredentials('seal', {
          ...globals(),
          ...options,
        }),
      ),
    );
  credentials
    .command('unseal')
    .option('--dry-run', 'count passwords and change nothing')
    .option('--yes', 'do not ask for confirmation')
    .description('store every sealed password in plaintext')
    .action(async (options) =>
      end(
        await (await import('./credentials.ts')).runCredentials('unseal', {
          ...globals(),
          ...options,
        }),
      ),
    );
  credentials
    .command('reseal')
    .option('--dry-run', 'count passwords and change nothing')
    .description('seal again, with the first key, every password that is sealed with another key')
    .action(async (options) =>
      end(
        await (await import('./credentials.ts')).runCredentials('reseal', {
          ...globals(),
          ...options,
        }),
      ),
    );
  concord
    .command('doctor')
    .option('--fix', 'repair indexes, and remove subjects that are no users, after showing a list and asking')
    .option('--yes', 'do not ask for confirmation')
    .option('--simulate', 'run an invented sign-up up to its plan, in a database that is then dropped')
    .option(
      '--full',
      'with --simulate: create and remove a test user, after asking; each run leaves one DID in the public directory',
    )
    .description('check the configuration, MongoDB, Auth0 and the PDS; show a fix for each finding')
    .action(async (options) =>
      end(await (await import('./doctor/doctor.ts')).runDoctor({ ...globals(), ...options })),
    );
  concord
    .command('sandbox')
    .option('--exit', 'exit after the demonstration, with 0 only if every expectation holds')
    .option('--users <n>', 'add this many invented users', wholeNumber, 0)
    .option('--drill', 'break sign-ups after the demonstration, and measure the time to the alert')
    .option('--platform', "add the platform's own handlers, and run the engine in its own process")
    .option('--people <n>', 'with --platform: number of users who sign up at once', wholeNumber, 20)
    .option('--leaving <n>', 'with --platform: number of them who delete their account', wholeNumber, 10)
    .option('--seed <n>', 'with --platform: seed of all random choices', wholeNumber, 1)
    .option('--kill-engine', 'with --platform: kill the engine with SIGKILL meanwhile')
    .option('--keep <dir>', 'keep the data in this directory')
    .addOption(
      new Option('--format <format>', 'what the log stream sends')
        .choices(['lines', 'array', 'object'])
        .default('array' as const),
    )
    .description('start a real MongoDB, a real PDS and a stand-in Auth0 tenant, and demonstrate an incident')
    .action(async (options) =>
      end(await (await import('./sandbox.ts')).runSandbox({ ...globals(), ...options })),
    );
  concord
    .command('completion')
    .addArgument(new Argument('<shell>', 'shell').choices(SHELLS))
    .description('print a completion script for a shell')
    .action(async (shell) => end((await import('./completion.ts')).runCompletion(shell, concord)));
  addGuides(concord);
  return concord;
}

/** `--help` and its page must be the same for every user, so the default is described in words. */
function decidedBy() {
  const { username } = userInfo();
  return new Option('--by <name>', 'name of the person who decides').default(username, 'your user name');
}
