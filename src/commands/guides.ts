/** The guide of each command. `addGuides` shows them in the help, `npm run docs` writes them into docs/commands.md. */
export interface Guide {
  /** What the options do not say, a paragraph each. */
  readonly details?: readonly string[];
  /** A command line without `concord`, and what it is for. */
  readonly examples: readonly (readonly [line: string, why: string])[];
  readonly exits: string;
}

const PLAIN = '0 done · 1 error · 2 usage error';
const ASKED = '0 done · 1 error · 2 nothing was changed, or a usage error';
const REWRITTEN =
  '0 done, or nothing to do · 1 error · 2 a dry run found something to do, or a usage error · 4 some are left: no key opens them, another process wrote them, or interrupted';
const DIFFERENCES = '0 all users are in sync · 1 error · 2 some users are out of sync, or a usage error';

/** By the words after `concord`. */
export const GUIDES: Readonly<Record<string, Guide>> = {
  serve: {
    details: [
      'Receives webhooks, reads log entries that were not delivered, reconciles users who are due, and sweeps all users at start and every night. Serves the dashboard and the metrics.',
      'Any number of processes can run on one database: each scheduled time is one sweep and one pull, in whichever process comes first. SIGTERM stops a process within engine.stopDeadlineMs. SIGHUP reads rotated secrets again.',
    ],
    examples: [
      ['serve', 'with the settings of the environment or of .env'],
      ['serve --config tenants.yaml --log-level debug', 'with a file merged over the defaults'],
    ],
    exits: '0 stopped by SIGINT or SIGTERM · 1 error · 2 usage error',
  },
  reconcile: {
    details: [
      'One process sweeps a tenant at a time. A sweep that broke off is continued where it stopped. If the listing of users is not exact, listed users are reconciled, and no user is concluded to be missing.',
    ],
    examples: [
      ['reconcile @alice', 'reconcile one user now'],
      ['reconcile alice@example.com --dry-run', 'show the plan and change nothing'],
      ['reconcile --all --tenant default', 'reconcile every user of one tenant who is out of sync'],
    ],
    exits:
      '0 in sync · 1 error · 2 a dry run found something to do, or a usage error · 3 stopped by a safety limit · 4 partly done, or a user needs time or action',
  },
  pull: {
    examples: [
      ['pull', 'read what was not delivered, and list gaps'],
      ['pull --json --tenant default', 'the same for one tenant, for a program'],
    ],
    exits: '0 everything was read · 1 error · 2 a gap is open, or a usage error · 4 not read to the end',
  },
  audit: {
    details: [
      'Reads, and changes nothing. Users who are deleted in Auth0 are counted separately.',
      "--last reads the newest sign-ups of all tenants from Auth0's search, which may lack the last seconds. --without-account ends with 2 if a user without an account should have one.",
      '--logins sends each stored password to the PDS once, one login per second unless --per-second says otherwise, and waits as long as the PDS demands. It names the command for each password that does not work. Ctrl-C or a kill stops it, and the next run continues there.',
      '--orphans shows the evidence for each document and account that belongs to no user.',
    ],
    examples: [
      ['audit', 'count users in sync, and list the others'],
      ['audit --since 24h', 'only users created or changed in Auth0 since then'],
      ['audit --last 20', 'the newest sign-ups, each with its status'],
      ['audit --without-account', 'users without an account, each with the reason'],
      ['audit --ndjson > out-of-sync.ndjson', 'a line for each user out of sync, while they are found'],
      ['audit --logins', 'test every stored password; stop with Ctrl-C, the next run continues'],
      ['audit --orphans', 'documents and accounts that belong to no user'],
    ],
    exits: `${DIFFERENCES} · 4 with --logins: interrupted, or some were not tried`,
  },
  plan: {
    details: [
      'Lists every action up to the end, as it would follow if nothing else changed, with each field before and after it; where more may follow that is not known yet, it says why. Also lists paused users. A saved plan keeps what it rests on.',
    ],
    examples: [
      ['plan', 'show what Concord would do, and why'],
      ['plan @alice', 'for one user'],
      ['plan --out plan.json', 'save it, for: concord apply plan.json'],
      ['plan --show plan.json', 'print a saved plan'],
    ],
    exits: DIFFERENCES,
  },
  events: {
    examples: [
      ['events --limit 20', 'the newest events'],
      ['events @alice', 'events of one user'],
      ['--json events --follow | jq .type', 'each new event, for a program'],
    ],
    exits: `${PLAIN}; with --follow, Ctrl-C ends with 0`,
  },
  explain: {
    details: [
      'Shows each condition with the time since when it holds, and each effect with the event that caused it. What cannot be read from Auth0, MongoDB or the PDS is named, and the rest is shown from the log.',
    ],
    examples: [
      ['explain @alice', 'from the webhook to the account, and why'],
      ['explain @alice --at 12h', 'desired state 12 hours ago'],
    ],
    exits: PLAIN,
  },
  doctor: {
    details: [
      'Checks configuration, MongoDB, indexes, Auth0, its streams, the PDS, keys and clocks. Each finding names its fix.',
      '--simulate --full creates a test user (concord-simulation|…) in MongoDB and on the PDS, logs in and removes both, and prints a line for each step. Auth0 is not called, and no other command takes the test user for a user. A run that was killed is cleaned up by the next one. Each run leaves one DID in the public directory.',
    ],
    examples: [
      ['doctor', 'check everything, and show a fix for each finding'],
      ['doctor --fix', 'show how indexes and subjects that are no users are repaired, and ask'],
      ['doctor --simulate', 'run an invented sign-up up to its plan'],
      ['doctor --simulate --full', 'create a test user in MongoDB and on the PDS, and remove it'],
    ],
    exits: '0 no findings · 1 error · 2 findings, or a usage error',
  },
  apply: {
    details: [
      'Shows the plan and names the database, the tenants and the PDS, and asks. The other users are reconciled within the same limits.',
    ],
    examples: [['apply plan.json', 'apply a plan that plan --out saved']],
    exits:
      '0 all users in it are in sync · 1 error · 2 nothing was changed, or a usage error · 3 stopped by a safety limit · 4 partly done',
  },
  capture: {
    details: [
      'Contains the events of the user and all answers that a reconciliation got, under made-up names, without payloads and secrets.',
    ],
    examples: [['capture @alice --out alice.json', 'a bug report with every name replaced']],
    exits: PLAIN,
  },
  status: {
    details: [
      'Reads MongoDB alone. Shows users by condition with the command that resolves it, the queue, streams, sweeps, gaps, ignored entries with the reason, open alerts, and what has not been checked for long. Users who are deleted in Auth0 are counted separately, and never as in sync.',
    ],
    examples: [['status', 'show the health of the whole on one screen']],
    exits: '0 healthy · 1 error · 2 not healthy, or a usage error',
  },
  pause: {
    examples: [
      ['pause @alice --reason "support case 12"', 'until resumed'],
      ['pause @alice --reason "moving to another PDS" --until 12h', 'for 12 hours'],
    ],
    exits: PLAIN,
  },
  resume: {
    examples: [['resume @alice --reason "support case 12 is closed"', 'end a pause']],
    exits: PLAIN,
  },
  retry: {
    examples: [
      ['retry @alice', 'clear failures and refusals, and reconcile again'],
      ['retry --failed --reason "the PDS is available again"', 'every user who is failing or quarantined'],
    ],
    exits: PLAIN,
  },
  adopt: {
    details: [
      'Shows the evidence that the account is of this user, and asks. The password that the users document has for the account stays and is tested; if there is none, a new one is set. createdAt and other fields of the record stay.',
      '--all selects users whose document names an account with another address. It shows a count, a sample with the evidence, and who is skipped and why; it asks once, adopts and reconciles, within limits.adoptions (--max).',
      'Users who are deleted or blocked in Auth0 are refused.',
    ],
    examples: [
      ['adopt @alice --preview', "show the evidence that an account is this user's"],
      ['adopt @alice did:plc:ewvi7nxzyoun6zhxrhs64oiz --reason "support case 12"', 'adopt this account'],
      ['adopt @alice --withdraw', 'withdraw the decision while it is not applied'],
      ['adopt --all --reason AccountEmailDiffers --preview', 'show the users, and a sample with evidence'],
    ],
    exits:
      '0 granted, or nothing to adopt with --all · 1 error · 2 nothing was changed, or a usage error · 3 stopped by a safety limit · 4 with --all: partly done, or some users still need action',
  },
  transfer: {
    details: [
      "Transfers the account and the handle of a deleted user, and on request the code. The evidence is two proofs of deletion, and the same verified address or Auth0's account linking. With --what address the account stays and gives up its address. An account that <to> has already is replaced only after a second confirmation, or with --replace.",
      'With --cancel, a transfer that waits ends: what <to> has taken stays with <to>, and <from> keeps the rest.',
    ],
    examples: [
      ["transfer 'auth0|one' @alice --preview", 'show the evidence and what would move'],
      ['transfer \'auth0|one\' @alice --reason "support case 12"', 'transfer the account and the handle'],
      ["transfer 'auth0|one' @alice --what handle", 'transfer only the handle'],
      ["transfer 'auth0|one' @alice --cancel", 'end a transfer that cannot go on'],
    ],
    exits:
      '0 transferred · 1 error · 2 refused or not confirmed, or a usage error · 4 granted, and not finished yet',
  },
  restore: {
    details: [
      'Shows what others removed and exactly what will be written (the users document with the same code and when, the verification, the account record), asks, and reconciles the user. A missing account is replaced by a new one with a new DID and an empty repository, and the command says so first.',
      '--all shows a count, a sample, and who is skipped and why, within limits.restores (--max).',
      'Users who are deleted or blocked in Auth0 are refused.',
    ],
    examples: [
      ['restore @alice --preview', 'show what was removed and what would be written'],
      ['restore @alice --reason "support case 12"', 'restore it: the same code, when and account record'],
      ['restore @alice --accept-code', 'make the code in the users document the permanent code'],
      [
        'restore --all --reason DocumentRemoved --since 24h',
        'restore many users, after a count and a sample',
      ],
    ],
    exits:
      '0 restored, or nothing to restore with --all · 1 error · 2 nothing was changed, or a usage error · 3 stopped by a safety limit · 4 partly done, or the user still needs action',
  },
  password: {
    examples: [
      ['password @alice', 'test whether the stored password opens the account'],
      ['password @alice --reset', 'set it on the PDS if it does not'],
    ],
    exits:
      '0 it opens the account, or was set · 1 error · 2 it does not open the account, or a usage error · 4 the reset is recorded and not applied yet',
  },
  approve: {
    details: ['A halt is closed by a later complete sweep of the same tenant.'],
    examples: [
      ['approve', 'list runs that a safety limit halted'],
      ['approve 0190163d-8694-739b-aea5-966c26f8ad91 --reason "expected deletions"', 'approve one of them'],
    ],
    exits: '0 approved, or none is halted · 1 error · 2 usage error · 3 some are halted',
  },
  forget: {
    details: [
      'Refused while another user waits for the address or the handle of this one (--force overrides this), and while a transfer is open.',
    ],
    examples: [["forget 'auth0|65f1c2'", 'erase the personal data of a deleted user from the log']],
    exits: ASKED,
  },
  export: {
    details: ['For an access request, also for deleted and forgotten users. Secrets are left out.'],
    examples: [
      ['export @alice > alice.json', 'all data of one person, for an access request'],
      ["export 'auth0|65f1c2' | jq .mentions", 'where documents of other users name this one'],
    ],
    exits: PLAIN,
  },
  replay: {
    details: ['Also restores the reservations of open account creations.'],
    examples: [
      ['replay --dry-run', 'compare the read model with the log'],
      ['replay', 'rebuild the read model from the log'],
    ],
    exits:
      '0 the same, or rebuilt · 1 error · 2 a dry run found differences, or a usage error · 4 partly done',
  },
  import: {
    details: [
      'Reports codes in @handles, accounts and passwords in atproto_did and its neighbors, and handles under a former domain; what is right already; and what a person has to decide.',
      'It can be stopped and run again. It never overwrites a newer value.',
    ],
    examples: [
      ['import', 'report what would be moved, and what needs a decision; change nothing'],
      ['import --json > report.json', 'the same, with every user'],
      ['import --apply', 'move it, after showing the report and asking; can be repeated'],
    ],
    exits:
      '0 nothing to import, or imported · 1 error · 2 without --apply: something to import or to decide; or it was not confirmed, or a usage error · 4 something is left: a decision, a user that others changed, or interrupted',
  },
  'credentials seal': {
    details: ['Can be stopped and run again.'],
    examples: [
      ['credentials seal --dry-run', 'count plaintext and sealed passwords'],
      ['credentials seal', 'seal every plaintext password; set credentials.storage: sealed first'],
    ],
    exits: REWRITTEN,
  },
  'credentials unseal': {
    details: ['Asks first. Can be stopped and run again.'],
    examples: [
      ['credentials unseal --dry-run', 'count plaintext and sealed passwords'],
      [
        'credentials unseal --yes',
        'store plaintext; set credentials.storage: plaintext first and keep the keys',
      ],
    ],
    exits: REWRITTEN.replace('something to do, or', 'something to do, or it was not confirmed, or'),
  },
  'credentials reseal': {
    examples: [
      ['credentials reseal --dry-run', 'count passwords that are sealed with another key'],
      ['credentials reseal', 'seal them with the first key'],
    ],
    exits: REWRITTEN,
  },
  sandbox: {
    details: [
      '--platform adds the handlers of the platform (sign-up, handle, erasure, purge) with the curl lines that call them. With --exit users then sign up and leave at once, and the exit code is 0 only if no user who left is back and no user who stayed lacks anything.',
    ],
    examples: [
      ['sandbox', 'demonstrate the incident, and stay up'],
      ['sandbox --drill', 'then break sign-ups, and measure the time to the alert'],
      ['sandbox --exit --users 20', 'exit after the demonstration, with 20 more users'],
      ['sandbox --platform', "add the platform's handlers, with the curl lines that call them"],
      ['sandbox --platform --exit', '20 users sign up and 10 of them erase themselves; none may come back'],
      ['sandbox --platform --exit --kill-engine --seed 7', 'the same, and kill the engine meanwhile'],
    ],
    exits:
      '0 all expectations hold, and no user came back or lacks anything · 1 otherwise, or an error · 2 usage error',
  },
  completion: {
    examples: [
      ['completion bash > /etc/bash_completion.d/concord', 'for all users of this machine'],
      ['completion fish > ~/.config/fish/completions/concord.fish', 'for you'],
    ],
    exits: PLAIN,
  },
};
