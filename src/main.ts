#!/usr/bin/env node
/** The command line. Commands are loaded when they are called, so that `--help` is quick. */
import { userInfo } from 'node:os';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { GlobalOptions } from './commands/command.ts';
import { addGuides, SHELLS } from './commands/guide.ts';
import { describeError, UsageError } from './errors.ts';
import { ignoreBrokenPipe } from './terminal/output.ts';
import { visible } from './terminal/visible.ts';

const DEFAULT_LIMIT = 50;
/** As many as leave the rest of an explanation on the same screen. */
const EFFECTS_LIMIT = 12;

const EXIT_CODES = `
Exit codes: 0 clean · 1 error · 2 differences found, or a mistyped command line · 3 stopped by a safety limit · 4 partly done
<user> is an Auth0 id, @handle, code, email or DID.`;

function program(end: (code: number) => void) {
  const concord = new Command('concord')
    .description('Keeps everyone who signs up in Auth0 whole in MongoDB and on an ATProto PDS.')
    .option('--config <file>', 'a configuration file laid over the defaults')
    .option('--sandbox', 'work against the sandbox that runs in this directory')
    .option('--json', 'one JSON document on stdout')
    .addOption(
      new Option('--log-level <level>', 'what to log to stderr').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'fatal',
        'silent',
      ]),
    )
    .option('--no-color', 'no colours, also on a terminal')
    .addHelpText('after', EXIT_CODES)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  const globals = (): GlobalOptions => concord.opts();

  concord
    .command('serve')
    .description('take Auth0 log entries in, converge whoever is due, sweep on a schedule')
    .action(async () => end(await (await import('./commands/serve.ts')).runServe(globals())));
  concord
    .command('status')
    .description('whether all is well, on one screen')
    .action(async () => end(await (await import('./commands/status.ts')).runStatus(globals())));
  concord
    .command('reconcile')
    .argument('[user]', 'whom to converge')
    .option('--all', 'everyone who differs')
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--tenant <id>', 'with --all: this tenant only')
    .description('converge one user, or everyone, now')
    .action(async (user, options) =>
      end(
        await (await import('./commands/plan/reconcile.ts')).runReconcile(user, { ...globals(), ...options }),
      ),
    );
  concord
    .command('pull')
    .option('--tenant <id>', 'this tenant only')
    .description('take in the log entries that were not delivered, and show what may have been missed')
    .action(async (options) =>
      end(await (await import('./commands/pull.ts')).runPull({ ...globals(), ...options })),
    );
  concord
    .command('audit')
    .option('--tenant <id>', 'this tenant only')
    .option('--limit <n>', 'the most users to list (default: 50, and all with --ndjson)', wholeNumber)
    .option('--since <when>', 'only users created or changed in Auth0 since: 24h, 7d, or a moment')
    .option('--last <n>', 'only the newest sign-ups, 1 to 1000, each with its status', newestCount)
    .option('--without-account', 'list the users without an account, each with the reason')
    .option('--ndjson', 'a stream: one line a user in trouble, and a last one with the totals')
    .option('--orphans', 'list documents and accounts that belong to nobody, in all tenants')
    .option('--logins', 'test the stored password of every account by one login each')
    .option('--per-second <n>', 'with --logins: the most logins in a second (default: 1)', loginRate)
    .option('--restart', 'with --logins: begin anew instead of where the last run stopped')
    .description('count who has what they should have, and list who has not')
    .action(async (options) =>
      end(await (await import('./commands/audit/audit.ts')).runAudit({ ...globals(), ...options })),
    );
  concord
    .command('plan')
    .argument('[user]', 'this user only')
    .option('--tenant <id>', 'this tenant only')
    .option('--limit <n>', 'the most users to list', wholeNumber, DEFAULT_LIMIT)
    .option('--out <file>', 'write it to a file, for: concord apply <file>')
    .description('show what would be done, and why')
    .action(async (user, options) =>
      end(await (await import('./commands/plan/plan.ts')).runPlan(user, { ...globals(), ...options })),
    );
  concord
    .command('apply')
    .argument('<file>', 'what concord plan --out wrote')
    .option('--yes', 'do not ask')
    .description('carry out a saved plan; whoever moved on since is left out and named')
    .action(async (file, options) =>
      end(await (await import('./commands/plan/apply.ts')).runApply(file, { ...globals(), ...options })),
    );
  concord
    .command('events')
    .argument('[user]', 'this user only')
    .option('--limit <n>', 'the most events to show', wholeNumber, DEFAULT_LIMIT)
    .option('--follow', 'go on with each event as it is written, until Ctrl-C; with --json, one line each')
    .description('show the newest events of the log')
    .action(async (user, options) =>
      end(await (await import('./commands/events.ts')).runEvents(user, { ...globals(), ...options })),
    );
  concord
    .command('explain')
    .argument('<user>', 'whom to explain')
    .option('--at <when>', 'as of then, by the log alone: 12h ago, or a moment')
    .option('--offline', 'by the log alone')
    .option('--limit <n>', 'the most effects to list, 0 for all', wholeNumber, EFFECTS_LIMIT)
    .description('show the chain from the webhook to the account: what is known, wanted, there, and why')
    .action(async (user, options) =>
      end(await (await import('./commands/user/explain.ts')).runExplain(user, { ...globals(), ...options })),
    );
  concord
    .command('capture')
    .argument('<user>', 'whom to report')
    .option('--out <file>', 'where to write it; without it, to stdout')
    .description('a bug report of one user, with every name replaced, that loads as a test')
    .action(async (user, options) =>
      end(await (await import('./commands/user/capture.ts')).runCapture(user, { ...globals(), ...options })),
    );
  const by = userInfo().username;
  concord
    .command('pause')
    .argument('<user>', 'whom to leave alone')
    .requiredOption('--reason <reason>', 'why, for whoever asks later')
    .option('--until <when>', 'a moment, or a duration such as 12h; without it, until resumed')
    .option('--by <name>', 'who decides', by)
    .description('do nothing for one user until resumed')
    .action(async (user, options) =>
      end(
        await (await import('./commands/decisions/decisions.ts')).runPause(user, {
          ...globals(),
          ...options,
        }),
      ),
    );
  concord
    .command('resume')
    .argument('<user>', 'whom to go on with')
    .option('--reason <reason>', 'why, for whoever asks later')
    .option('--by <name>', 'who decides', by)
    .description('end a pause')
    .action(async (user, options) =>
      end(
        await (await import('./commands/decisions/decisions.ts')).runResume(user, {
          ...globals(),
          ...options,
        }),
      ),
    );
  concord
    .command('retry')
    .argument('[user]', 'whom to try again')
    .option('--failed', 'everyone who failed or is quarantined')
    .option('--reason <reason>', 'why, for whoever asks later')
    .option('--by <name>', 'who decides', by)
    .description('forget failures and refusals, and try once more')
    .action(async (user, options) =>
      end(
        await (await import('./commands/decisions/decisions.ts')).runRetry(user, {
          ...globals(),
          ...options,
        }),
      ),
    );
  concord
    .command('adopt')
    .argument('[user]', 'whose account it is')
    .argument('[account]', "its DID or handle; without it, the one in the document or with the user's handle")
    .option('--all', 'every user with such a condition, and reconcile them')
    .option('--withdraw', 'take back a decision that is not carried out yet')
    .option('--reason <reason>', 'why, kept in the log; with --all: AccountEmailDiffers')
    .option('--why <reason>', 'why, kept in the log, also with --all')
    .option('--tenant <id>', 'with --all: this tenant only')
    .option(
      '--max <n>',
      'with --all: adopt for up to this many users, instead of limits.adoptions',
      wholeNumber,
    )
    .option('--preview', 'show the evidence and end')
    .option('--yes', 'do not ask')
    .option('--by <name>', 'who decides', by)
    .description("decide that an account Concord did not create is this user's")
    .action(async (user, account, options) =>
      end(
        await (await import('./commands/decisions/adopt.ts')).runAdopt(user, account, {
          ...globals(),
          ...options,
        }),
      ),
    );
  concord
    .command('transfer')
    .argument('<from>', 'the deleted user')
    .argument('<to>', 'the user who gets what that one has')
    .option(
      '--what <parts>',
      'account, handle, code and address, separated by commas (default: account,handle)',
    )
    .option('--replace <did>', 'the account of <to> that the transferred one takes the place of')
    .option('--preview', 'show the evidence and what would be moved, and end')
    .option('--yes', 'do not ask')
    .option('--reason <reason>', 'why, kept in the log')
    .option('--by <name>', 'who decides', by)
    .description('give the account of a deleted user to another one, after showing the evidence')
    .action(async (from, to, options) =>
      end(
        await (await import('./commands/decisions/transfer.ts')).runTransfer(from, to, {
          ...globals(),
          ...options,
        }),
      ),
    );
  concord
    .command('restore')
    .argument('[user]', 'whose documents or account were removed')
    .option('--all', 'every user with such a condition')
    .option('--accept-code', 'make the code in the users document the permanent one')
    .option('--reason <reason>', 'why, kept in the log; with --all: DocumentRemoved or AccountMissing')
    .option('--why <reason>', 'why, kept in the log, also with --all')
    .option('--tenant <id>', 'with --all: this tenant only')
    .option('--since <when>', 'with --all: only what is missing since: 24h, 7d, or a moment')
    .option('--max <n>', 'with --all: restore up to this many users, instead of limits.restores', wholeNumber)
    .option('--preview', 'show what would be written and end')
    .option('--yes', 'do not ask')
    .option('--by <name>', 'who decides', by)
    .description('create again what others removed, after showing exactly what is written')
    .action(async (user, options) =>
      end(
        await (await import('./commands/decisions/restore.ts')).runRestore(user, {
          ...globals(),
          ...options,
        }),
      ),
    );
  concord
    .command('password')
    .argument('<user>', 'the user of the account')
    .option(
      '--reset',
      'set the stored password on the PDS if it is refused; a new one if none is stored or none opens',
    )
    .option('--yes', 'do not ask')
    .option('--by <name>', 'who decides', by)
    .description('test whether the stored password opens the account')
    .action(async (user, options) =>
      end(
        await (await import('./commands/user/password.ts')).runPassword(user, { ...globals(), ...options }),
      ),
    );
  concord
    .command('approve')
    .argument('[run]', 'the halted run; without it, they are listed')
    .option('--reason <reason>', 'why, for whoever asks later')
    .option('--by <name>', 'who decides', by)
    .description('let a run do what a safety limit halted')
    .action(async (run, options) =>
      end(
        await (await import('./commands/decisions/approve.ts')).runApprove(run, { ...globals(), ...options }),
      ),
    );
  concord
    .command('forget')
    .argument('<user>', 'who is gone, and is to be forgotten')
    .option('--force', 'also when another user waits for the address or the handle of this one')
    .option('--yes', 'do not ask')
    .option('--by <name>', 'who decides', by)
    .description('blank the personal data of somebody who is gone; what happened, and when, stays')
    .action(async (user, options) =>
      end(await (await import('./commands/user/forget.ts')).runForget(user, { ...globals(), ...options })),
    );
  concord
    .command('export')
    .argument('<user>', 'whose data to export, also when the user is deleted or forgotten')
    .description('all that is kept of one person, as one JSON document, for an access request')
    .action(async (user) =>
      end(await (await import('./commands/user/export.ts')).runExport(user, globals())),
    );
  concord
    .command('replay')
    .option('--dry-run', 'count who differs, and change nothing')
    .description('rebuild the read model from the event log')
    .action(async (options) =>
      end(await (await import('./commands/replay.ts')).runReplay({ ...globals(), ...options })),
    );
  concord
    .command('import')
    .option('--apply', 'move it, after showing the report and asking')
    .option('--yes', 'do not ask')
    .option(
      '--limit <n>',
      'the most users to list of each kind; with --json all are',
      wholeNumber,
      DEFAULT_LIMIT,
    )
    .option('--by <name>', 'who decides', by)
    .description(
      'report what the platform kept in older places (codes in @handles, accounts in atproto_did), and move it',
    )
    .action(async (options) =>
      end(await (await import('./commands/import.ts')).runImport({ ...globals(), ...options })),
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
        await (await import('./commands/credentials.ts')).runCredentials('seal', {
          ...globals(),
          ...options,
        }),
      ),
    );
  credentials
    .command('unseal')
    .option('--dry-run', 'count passwords and change nothing')
    .option('--yes', 'do not ask')
    .description('store every sealed password in plaintext')
    .action(async (options) =>
      end(
        await (await import('./commands/credentials.ts')).runCredentials('unseal', {
          ...globals(),
          ...options,
        }),
      ),
    );
  credentials
    .command('reseal')
    .option('--dry-run', 'count passwords and change nothing')
    .description('seal with the first key every password that is sealed with another key')
    .action(async (options) =>
      end(
        await (await import('./commands/credentials.ts')).runCredentials('reseal', {
          ...globals(),
          ...options,
        }),
      ),
    );
  concord
    .command('doctor')
    .option(
      '--fix',
      'clean up the indexes and subjects that are no users, after showing what is to be done and asking',
    )
    .option('--yes', 'do not ask')
    .option('--simulate', 'drive an invented sign-up up to its plan, in a database that is then dropped')
    .option(
      '--full',
      'with --simulate: create and remove a test user, after asking; each run leaves one DID in the public directory',
    )
    .description(
      'look for what is wrong with the settings and with what Concord runs on; say why, and what mends it',
    )
    .action(async (options) =>
      end(await (await import('./commands/doctor/doctor.ts')).runDoctor({ ...globals(), ...options })),
    );
  concord
    .command('sandbox')
    .option('--exit', 'end after the story, with 0 only if every expectation holds')
    .option('--users <n>', 'add so many invented people', wholeNumber, 0)
    .option('--drill', 'break sign-ups after the story, and see when somebody is told of it')
    .option('--platform', "add the platform's own handlers, and run the engine as a process of its own")
    .option('--people <n>', 'with --platform: how many people sign up in the rush', wholeNumber, 20)
    .option('--leaving <n>', 'with --platform: how many of them leave again', wholeNumber, 10)
    .option('--seed <n>', 'with --platform: what everything random in the rush follows from', wholeNumber, 1)
    .option('--kill-engine', 'with --platform: kill the engine with SIGKILL in the middle of the rush')
    .option('--keep <dir>', 'keep the data in this directory')
    .option('--format <format>', 'what the log stream sends: lines, array or object', 'array')
    .description(
      'a real MongoDB, a real PDS and a stand-in Auth0 tenant, with the incident healed before your eyes',
    )
    .action(async (options) =>
      end(await (await import('./commands/sandbox.ts')).runSandbox({ ...globals(), ...options })),
    );
  concord
    .command('completion')
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .description('print the script by which a shell completes commands and options')
    .action(async (shell) => end((await import('./commands/completion.ts')).runCompletion(shell, concord)));
  addGuides(concord);
  return concord;
}

/** As many as Auth0's search gives out. */
const MAX_NEWEST = 1_000;

function newestCount(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= MAX_NEWEST) return value;
  throw new InvalidArgumentError(
    `It must be an integer from 1 to ${MAX_NEWEST}, which is all that Auth0's search gives out.`,
  );
}

function loginRate(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.01 && value <= 100) return value;
  throw new InvalidArgumentError('It must be a number from 0.01 to 100.');
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It is to be a whole number.');
  return value;
}

async function main(): Promise<number> {
  ignoreBrokenPipe(process.stdout);
  let code = 0;
  const concord = program((ended) => {
    code = ended;
  });
  try {
    await concord.parseAsync();
  } catch (error) {
    // Commander has written help, version or what was mistyped.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const message = error instanceof UsageError ? error.message : `concord: ${describeError(error)}`;
    // The lines are ours; what is named in them may be written to move a cursor.
    process.stderr.write(`${message.split('\n').map(visible).join('\n')}\n`);
    return 1;
  }
  return code;
}

process.exitCode = await main();
