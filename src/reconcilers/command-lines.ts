/**
 * Command lines that messages name. Each comes after a colon and ends before `; `, `. ` or the end of the message.
 * `<user>` is the user, quoted for a shell, and `<key>` the same for the MongoDB shell: plan.ts fills them in.
 */
import type { UserKey } from '../identity.ts';

/** An update of a users document, for the MongoDB shell. Without `user`, of the user of the condition. */
export function updateUser(update: string, user?: UserKey): string {
  return `db.users.updateOne({_id: ${user === undefined ? '<key>' : JSON.stringify(user)}}, ${update})`;
}

/** A method of the PDS that takes its administrator's password, for a shell that knows both. */
export function pdsAdmin(method: string, input: object): string {
  const body = shellQuoted(JSON.stringify(input));
  return `curl -fsS -u "admin:$PDS_ADMIN_PASSWORD" -H 'Content-Type: application/json' -d ${body} "$PDS_URL/xrpc/com.atproto.admin.${method}"`;
}

/** Shows an account of the PDS again: one that is deactivated, taken down, or either. */
export function showAccount(did: string, ...hidden: readonly ('deactivated' | 'takedown')[]): string {
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did };
  const ended = Object.fromEntries(hidden.map((how) => [how, { applied: false }]));
  return pdsAdmin('updateSubjectStatus', { subject, ...ended });
}

/** Shows the administrator's view of an account, with its address. */
export function showInfo(did: string): string {
  return `curl -fsS -u "admin:$PDS_ADMIN_PASSWORD" "$PDS_URL/xrpc/com.atproto.admin.getAccountInfo?did=${did}"`;
}

/** The commands that a message names, in their order. */
export function commandsIn(message: string): readonly string[] {
  return [...message.matchAll(/: ((?:concord|curl|db\.).*?)(?=; |\. |$)/g)].map(
    ([, command = '']) => command,
  );
}

export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function withUser(message: string, user: UserKey): string {
  if (!message.includes('<')) return message;
  return message
    .replaceAll('<user>', () => shellQuoted(user))
    .replaceAll('<key>', () => JSON.stringify(user));
}
