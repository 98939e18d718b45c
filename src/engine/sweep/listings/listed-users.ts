/** What a reading of the listing has said so far: which users are in it, and whether it is exact. */
import type { InexactReason } from '../../../events/inexact.ts';
import type { Logger } from '../../../logger.ts';
import type { Auth0User, UnreadableRow, UserPage } from '../../../ports/auth0.ts';
import type { SubjectReader } from '../../../ports/subjects.ts';
import { notExcluded } from '../../intake/owner.ts';
import type { AssessedTenant } from '../../reconcile/read-side.ts';
import { isShrunken, type SafetyLimits } from '../limits.ts';
import { countKnown } from './known-users.ts';
import { NameSet } from './name-set.ts';

interface ListingDeps {
  readonly subjects: Pick<SubjectReader, 'standings'>;
  readonly limits: SafetyLimits;
  readonly logger: Logger;
}

export class ListedUsers {
  /** Rows that name no readable user. */
  unreadable = 0;
  /** Users that the configuration excludes. */
  excluded = 0;
  /** Rows that name a user, repeated ones too. */
  #rows = 0;
  #inexact: InexactReason | undefined;
  readonly #seen = new NameSet();
  readonly #deps: ListingDeps;
  readonly #tenant: AssessedTenant;

  constructor(deps: ListingDeps, tenant: AssessedTenant) {
    this.#deps = deps;
    this.#tenant = tenant;
  }

  add(page: UserPage): void {
    const { keyPrefix } = this.#tenant;
    for (const { userId } of page.users) this.#seen.add(keyPrefix + userId);
    this.#rows += page.users.length;
    this.#inexact ??= page.inexact;
    this.#countUnreadable(page.unreadable ?? []);
    this.excluded += page.users.length - this.included(page.users).length;
  }

  included(users: readonly Auth0User[]): readonly Auth0User[] {
    return notExcluded(users, this.#tenant);
  }

  has(key: string): boolean {
    return this.#seen.has(key);
  }

  #countUnreadable(rows: readonly UnreadableRow[]): void {
    if (rows.length === 0) return;
    const fields = [...new Set(rows.flatMap((row) => row.fields))];
    const place = { tenant: this.#tenant.id, rows: rows.length, fields };
    this.#deps.logger.error(place, 'rows of the listing name no user');
    this.unreadable += rows.length;
    this.#inexact ??= 'unreadable-rows';
  }

  /** Why the listing is not exact, and whether it lacks so many known users that it must have been cut off. */
  async inexactness(startedAt: Date): Promise<InexactReason | undefined> {
    const { logger, subjects, limits } = this.#deps;
    const distinct = this.#seen.size;
    const inexact = this.#inexact ?? (distinct < this.#rows ? 'repeated-rows' : undefined);
    if (inexact === undefined) return undefined;
    const known = await countKnown(subjects, this.#tenant, (key) => this.has(key), startedAt);
    const place = { tenant: this.#tenant.id, users: distinct, known, inexact };
    logger.warn(place, 'the listing of users is not exact; no user is concluded to be missing');
    return isShrunken(limits, distinct - this.excluded, known) ? 'lacks-many' : inexact;
  }
}
