/**
 * `concord export <user>`: all stored data of one person, as one JSON document on stdout, for an access request. Reads
 * only. What it includes and leaves out: docs/privacy.md.
 */

import { counted } from '../../count.ts';
import { ownerOf } from '../../engine/intake/owner.ts';
import { exportUser, type UserExport } from '../../engine/operations/export-user.ts';
import type { AssessedTenant } from '../../engine/reconcile/read-side.ts';
import { candidates, type FoundUser } from '../../engine/reports/find-user.ts';
import { printJsonStream } from '../../terminal/json-stream.ts';
import { createProgress } from '../../terminal/progress.ts';
import { visible } from '../../terminal/visible.ts';
import { wireExport } from '../../wiring/operations.ts';
import { EXIT, type ExitCode, type GlobalOptions, reachedConfigFor, terminalOf } from '../command.ts';
import { oneOf } from './find-user.ts';

export async function runExport(text: string, options: GlobalOptions): Promise<ExitCode> {
  const { stdout, stderr } = terminalOf(options);
  const side = wireExport(await reachedConfigFor(options, ['mongodb', 'auth0', 'pds']));
  try {
    const found = await findPerson(text, side);
    const exported = await exportUser(side.exporting, found.tenant, found);
    const { collections, mentions, ...head } = exported;
    const progress = createProgress({ label: 'reading documents', stream: stderr, now: () => new Date() });
    let read = 0;
    const lists = collections.map(({ name, documents }) => ({
      name,
      items: counting(documents, () => {
        read += 1;
        progress.update(read);
      }),
    }));
    const asOf = new Date().toISOString();
    await printJsonStream(
      { command: 'export', asOf, ...head, notes: notesOn(exported) },
      { name: 'collections', lists, tail: () => ({ mentions }) },
      stdout,
    );
    progress.finish();
    stderr.write(
      `${counted(read, 'document')} of ${visible(head.user)}, and ${counted(mentions.length, 'mention')} in documents of other users. Read it before you hand it on: docs/privacy.md\n`,
    );
    return EXIT.clean;
  } finally {
    await side.close();
  }
}

async function* counting(items: AsyncIterable<unknown>, onItem: () => void): AsyncIterable<unknown> {
  for await (const item of items) {
    onItem();
    yield item;
  }
}

/** Also finds deleted users that neither Auth0 nor the documents have, by the read model. */
async function findPerson(
  text: string,
  { tenants, exporting }: ReturnType<typeof wireExport>,
): Promise<FoundUser> {
  const named = await candidates(text, tenants, exporting);
  const shown = text.includes('|') ? [] : await exporting.records.keysOf(text);
  const all = new Map<string, FoundUser>();
  for (const one of [...named.found, ...shown.flatMap((key) => ownerOf<AssessedTenant>(key, tenants) ?? [])])
    all.set(one.user, one);
  return oneOf(text, { ...named, found: [...all.values()] }, exporting);
}

/** Notes for the reader of the document, in the document itself. */
function notesOn({ state, relatedUsers }: UserExport): readonly string[] {
  return [
    'Passwords, sealed or not, tokens and keys are left out; a note stands in their place.',
    'data.raw is what Auth0 sent, and may name other people, such as an administrator. Read it before you hand it on.',
    'Posts and other content of the account are on the PDS and not kept by Concord: com.atproto.sync.getRepo has them.',
    ...(state === 'forgotten'
      ? ['The user is forgotten: this is what is left, which names no address and no handle.']
      : []),
    ...(state === 'deleted' ? ['The user is deleted in Auth0. To blank what is left: concord forget'] : []),
    ...(relatedUsers.length > 0 ? ['relatedUsers may be the same person. Export each of them too.'] : []),
  ];
}
