/** What `concord <command> --help` says beside the options: examples, and what the exit codes mean there. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';

/** Those that `completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Guide {
  /** A command line without `concord`, and what it is for. */
  readonly examples: readonly (readonly [line: string, why: string])[];
  readonly exits: string;
}

const PLAIN = '0 done · 1 error · 2 a mistyped command line';
const ASKED = '0 done · 1 error · 2 nothing was changed, or a mistyped command line';
const REWRITTEN =
  '0 done, or nothing to do · 1 error · 2 a dry run found something to do · 4 some are left: no key opens them, another process wrote them, or interrupted';
const DIFFERENCES = '0 everyone is as desired · 1 error · 2 somebody is not, or a mistyped command line';

/** By the words after `concord`. */
const GUIDES: Readonly<Record<string, Guide>> = {
  serve: {
    examples: [
      ['serve', 'with the settings of the environment or of .env'],
      ['serve --config tenants.yaml --log-level debug', 'with a file laid over the defaults'],
    ],
    exits: '0 stopped by SIGINT or SIGTERM · 1 error',
  },
  reconcile: {
    examples: [
      ['reconcile @alice', 'converge one user now'],
      ['reconcile alice@example.com --dry-run', 'say what would be done, and change nothing'],
      ['reconcile --all --tenant default', 'everyone of one tenant who differs'],
    ],
    exits:
      '0 as desired · 1 error · 2 a dry run found something to do · 3 stopped by a safety limit · 4 partly done, or time or a person is needed',
  },
  pull: {
    examples: [
      ['pull', 'read what was not delivered, and name the gaps'],
      ['pull --json --tenant default', 'the same of one tenant, for a program'],
    ],
    exits: '0 all was read · 1 error · 2 a gap is open, or a mistyped command line · 4 not read to its end',
  },
  audit: {
    examples: [
      ['audit', 'who has what they should have'],
      ['audit --since 24h', 'only users created or changed in Auth0 since'],
      ['audit --ndjson > trouble.ndjson', 'a line a user in trouble, as they are found'],
      ['audit --orphans', 'documents and accounts that belong to nobody'],
    ],
    exits: DIFFERENCES,
  },
  plan: {
    examples: [
      ['plan', 'what would be done, and why'],
      ['plan @alice', 'for one user'],
      ['plan --out plan.json', 'saved, to be carried out by: concord apply plan.json'],
    ],
    exits: DIFFERENCES,
  },
  events: {
    examples: [
      ['events --limit 20', 'the newest lines of the log'],
      ['events @alice', 'those of one user'],
      ['--json events --follow | jq .type', 'each line as it is written, for a program'],
    ],
    exits: `${PLAIN}; with --follow, Ctrl-C ends with 0`,
  },
  explain: {
    examples: [
      ['explain @alice', 'from the webhook to the account, and why'],
      ['explain @alice --at 12h', 'what was known and wanted then'],
    ],
    exits: PLAIN,
  },
  doctor: {
    examples: [
      ['doctor', 'what is wrong with the settings and with what Concord runs on, and what mends it'],
      [
        'doctor --fix',
        'show how the indexes and subjects that are no users are cleaned up, and ask whether to',
      ],
      ['doctor --simulate', 'drive an invented sign-up through it'],
    ],
    exits: '0 nothing is wrong · 1 error · 2 something is, or a mistyped command line',
  },
  apply: {
    examples: [['apply plan.json', 'carry out what plan --out has saved']],
    exits:
      '0 everyone in it is as desired · 1 error · 2 nothing was changed · 3 stopped by a safety limit · 4 partly done',
  },
  capture: {
    examples: [['capture @alice --out alice.json', 'a bug report with every name replaced']],
    exits: PLAIN,
  },
  status: {
    examples: [['status', 'whether all is well, on one screen']],
    exits: '0 all is well · 1 error · 2 it is not, or a mistyped command line',
  },
  pause: {
    examples: [
      ['pause @alice --reason "support case 12"', 'until resumed'],
      ['pause @alice --reason "moving house" --until 12h', 'for a time'],
    ],
    exits: PLAIN,
  },
  resume: {
    examples: [['resume @alice --reason "she has moved"', 'end a pause']],
    exits: PLAIN,
  },
  retry: {
    examples: [
      ['retry @alice', 'forget failures and refusals, and try once more'],
      ['retry --failed --reason "the PDS is back"', 'everyone who failed or is quarantined'],
    ],
    exits: PLAIN,
  },
  adopt: {
    examples: [
      ['adopt @alice --preview', 'show what speaks for and against an account being hers'],
      ['adopt @alice did:plc:ewvi7nxzyoun6zhxrhs64oiz --reason "support case 12"', 'decide that this one is'],
      ['adopt @alice --withdraw', 'take that back while it is not carried out'],
      ['adopt --all --reason AccountEmailDiffers --preview', 'show many users, a sample with its evidence'],
    ],
    exits:
      '0 granted, or nothing to adopt with --all · 1 error · 2 nothing was changed, or a mistyped command line · 3 stopped by a safety limit · 4 with --all: partly done, or some users still need action',
  },
  transfer: {
    examples: [
      ["transfer 'auth0|one' @alice --preview", 'show the evidence and what would be moved'],
      ['transfer \'auth0|one\' @alice --reason "support case 12"', 'move the account and the handle'],
      ["transfer 'auth0|one' @alice --what handle", 'move the handle alone'],
    ],
    exits:
      '0 transferred · 1 error · 2 refused or not confirmed, or a mistyped command line · 4 granted, and not finished yet',
  },
  restore: {
    examples: [
      ['restore @alice --preview', 'show what was removed and what would be written'],
      ['restore @alice --reason "support case 12"', 'restore it: the same code, when and account record'],
      ['restore @alice --accept-code', 'make the code in the users document the permanent one'],
      [
        'restore --all --reason DocumentRemoved --since 24h',
        'restore many users, after a count and a sample',
      ],
    ],
    exits:
      '0 restored, or nothing to restore with --all · 1 error · 2 nothing was changed, or a mistyped command line · 3 stopped by a safety limit · 4 partly done, or the user still needs action',
  },
  password: {
    examples: [
      ['password @alice', 'test whether the stored password opens the account'],
      ['password @alice --reset', 'set it on the PDS if not; a new one if none is stored or none opens'],
    ],
    exits:
      '0 it opens the account, or was set · 1 error · 2 it does not open the account, or a mistyped command line · 4 the reset is recorded and not done yet',
  },
  approve: {
    examples: [
      ['approve', 'which runs a safety limit has halted'],
      ['approve 0190163d-8694-739b-aea5-966c26f8ad91 --reason "they left"', 'let one of them go on'],
    ],
    exits: '0 approved, or none is halted · 1 error · 2 a mistyped command line · 3 some are halted',
  },
  forget: {
    examples: [["forget 'auth0|65f1c2'", 'blank the personal data of somebody who is gone']],
    exits: ASKED,
  },
  replay: {
    examples: [
      ['replay --dry-run', 'does the read model say what the log says?'],
      ['replay', 'rebuild it from the log'],
    ],
    exits: '0 the same, or rebuilt · 1 error · 2 a dry run found differences · 4 partly done',
  },
  import: {
    examples: [
      ['import', 'report what would be moved, and what takes a decision; change nothing'],
      ['import --json > report.json', 'the same, with every user'],
      ['import --apply', 'move it, after showing the report and asking; may be repeated'],
    ],
    exits:
      '0 nothing to import, or imported · 1 error · 2 without --apply: something to import or to decide; or it was not confirmed, or a mistyped command line · 4 something is left: a decision, a user that others changed, or interrupted',
  },
  'credentials seal': {
    examples: [
      ['credentials seal --dry-run', 'count plaintext and sealed passwords'],
      ['credentials seal', 'seal every plaintext password; set credentials.storage: sealed first'],
    ],
    exits: REWRITTEN,
  },
  'credentials unseal': {
    examples: [
      ['credentials unseal --dry-run', 'count plaintext and sealed passwords'],
      [
        'credentials unseal --yes',
        'store plaintext; set credentials.storage: plaintext first and keep the keys',
      ],
    ],
    exits: REWRITTEN.replace('something to do', 'something to do, or it was not confirmed'),
  },
  'credentials reseal': {
    examples: [
      ['credentials reseal --dry-run', 'count passwords that are sealed with another key'],
      ['credentials reseal', 'seal them with the first key'],
    ],
    exits: REWRITTEN,
  },
  sandbox: {
    examples: [
      ['sandbox', 'the incident, healed before your eyes; then it stays up'],
      ['sandbox --drill', 'after the story sign-ups are broken on purpose, to see when somebody is told'],
      ['sandbox --exit --users 20', 'end after the story, with twenty people more'],
      ['sandbox --platform', "add the platform's handlers, with the curl lines that call them"],
      ['sandbox --platform --exit', '20 people sign up and 10 of them erase themselves; none may come back'],
      ['sandbox --platform --exit --kill-engine --seed 7', 'the same, with kill -9 of the engine in between'],
    ],
    exits:
      '0 all expectations hold, and in a rush no user came back or lacks anything · 1 otherwise, or an error',
  },
  completion: {
    examples: [
      ['completion bash > /etc/bash_completion.d/concord', 'for everyone on this machine'],
      ['completion fish > ~/.config/fish/completions/concord.fish', 'for yourself'],
    ],
    exits: PLAIN,
  },
};

/** Puts the guides behind the help of the program's commands, and of those in them. */
export function addGuides(program: CommandUnknownOpts, path: readonly string[] = []): void {
  for (const command of program.commands) {
    const words = [...path, command.name()];
    const guide = GUIDES[words.join(' ')];
    if (guide !== undefined) command.addHelpText('after', `\n${textOf(guide)}`);
    addGuides(command, words);
  }
}

function textOf({ examples, exits }: Guide): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, why]) => `  $ concord ${line.padEnd(width)}  # ${why}`);
  return ['Examples:', ...lines, '', `Exit codes: ${exits}`].join('\n');
}
