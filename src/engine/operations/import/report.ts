/** The result of an import, counted and listed. */
import { sealedWith } from '../../../credentials/envelope.ts';
import type { Code, Did } from '../../../identity.ts';
import { storedUserKey } from '../../../identity.ts';
import { withUser } from '../../../reconcilers/command-lines.ts';
import type { Decision, UserImport } from './plan-state.ts';

export interface MovedUser {
  readonly user: string;
  readonly code?: Code;
  readonly account?: Did;
  /** A password was moved to `atproto.password`. */
  readonly password?: true;
}

export interface ImportReport {
  readonly documents: number;
  readonly handleRows: number;
  /** Users with a moved value; in a dry run, with one that would be moved. */
  readonly moved: readonly MovedUser[];
  /** Users whose users document already has what the older places have. */
  readonly right: number;
  /** Users with nothing to move whose documents are only recorded in the log. */
  readonly told: number;
  /** What the reconciliations do afterwards: users documents with the code of `@handles`, handles that the PDS has. */
  readonly follows: { readonly documents: number; readonly handles: number };
  /** Users whose account is on another PDS, by its DID. No action is needed. */
  readonly elsewhere: readonly { readonly user: string; readonly origin: string }[];
  /** How many accounts have a handle of another domain than the PDS's, by domain; they keep it. */
  readonly foreignDomains: Readonly<Record<string, number>>;
  readonly decisions: readonly Decision[];
  /** Keys of documents that are not a user's. */
  readonly notUsers: readonly string[];
  /** Users whose documents changed at the same moment: another run reads them again. */
  readonly changed: number;
  /** Plaintext passwords in the old fields, which stay there. */
  readonly oldPlaintext: number;
  /** The run was stopped before it had read everything. */
  readonly interrupted: boolean;
}

const differs = ({ reason }: Decision) => reason === 'PasswordsDiffer';

export class Report {
  readonly #moved: MovedUser[] = [];
  readonly #decisions: Decision[] = [];
  readonly #notUsers: string[] = [];
  readonly #elsewhere: { user: string; origin: string }[] = [];
  readonly #foreignDomains = new Map<string, number>();
  #documents = 0;
  #handleRows = 0;
  #right = 0;
  #told = 0;
  #changed = 0;
  #oldPlaintext = 0;
  readonly #follows = { documents: 0, handles: 0 };

  found({ user, isUser, isRight, follows, elsewhere, foreignHandle, decisions }: UserImport): void {
    const { key, document, hasHandleRow } = user;
    if (document !== undefined) this.#documents += 1;
    if (hasHandleRow) this.#handleRows += 1;
    if (!isUser) this.#notUsers.push(key);
    if (isRight) this.#right += 1;
    for (const what of follows) this.#follows[`${what}s`] += 1;
    if (elsewhere !== undefined) this.#elsewhere.push({ user: key, origin: elsewhere });
    if (foreignHandle !== undefined) {
      const domain = foreignHandle.slice(foreignHandle.indexOf('.'));
      this.#foreignDomains.set(domain, (this.#foreignDomains.get(domain) ?? 0) + 1);
    }
    const password = document?.old?.password;
    if (password !== undefined && sealedWith(password) === undefined) this.#oldPlaintext += 1;
    for (const one of decisions)
      this.#decisions.push({ ...one, message: withUser(one.message, storedUserKey(key)) });
  }

  /** For an applied plan, `after` is what a later read finds: a difference was changed by others. */
  moved({ user, code, account, passwordFor }: UserImport, after?: UserImport): void {
    const now = after?.user.document;
    const isThere = (is: boolean) => after === undefined || is;
    const did = account?.did;
    const isCodeMoved = code !== undefined && isThere(now?.code === code);
    const isAccountMoved = did !== undefined && isThere(now?.account?.did === did);
    const isSame = now?.account?.password !== undefined && !after?.decisions.some(differs);
    const isPasswordMoved =
      (isAccountMoved && account?.hasPassword === true && isThere(isSame)) ||
      (passwordFor !== undefined && isThere(now?.account?.did === passwordFor && isSame));
    if (isCodeMoved || isAccountMoved || isPasswordMoved)
      this.#moved.push({
        user: user.key,
        ...(isCodeMoved ? { code } : {}),
        ...(isAccountMoved ? { account: did } : {}),
        ...(isPasswordMoved ? { password: true } : {}),
      });
    const isLeft =
      (code !== undefined && !isCodeMoved) ||
      (did !== undefined && !isAccountMoved) ||
      (passwordFor !== undefined && !isPasswordMoved);
    if (isLeft) this.#changed += 1;
  }

  told(users: number): void {
    this.#told += users;
  }

  result(interrupted: boolean): ImportReport {
    return {
      ...{ documents: this.#documents, handleRows: this.#handleRows, moved: this.#moved, right: this.#right },
      notUsers: this.#notUsers,
      ...{ told: this.#told, follows: this.#follows, elsewhere: this.#elsewhere },
      foreignDomains: Object.fromEntries([...this.#foreignDomains].sort()),
      ...{
        decisions: this.#decisions,
        changed: this.#changed,
        oldPlaintext: this.#oldPlaintext,
        interrupted,
      },
    };
  }
}
