import type { TenantUser } from './user.ts';

/** Where a user is read. */
export type UserRead = 'by-id' | 'by-email' | 'listing' | 'export';

/** A field and what it is read as. Undefined: the field is missing. */
export type OddValues = Readonly<Record<string, unknown>>;

interface Oddity {
  readonly values: OddValues;
  readonly reads: readonly UserRead[] | undefined;
}

/**
 * Fields with values that no schema promises: missing, null, text where a boolean is expected. SAML mappings and
 * old imports make them. Searches go by the stored values.
 */
export class OddFields {
  readonly #byUser = new Map<string, Oddity[]>();

  /** `reads` undefined: everywhere. */
  add(userId: string, values: OddValues, reads?: readonly UserRead[]): void {
    this.#byUser.set(userId, [...(this.#byUser.get(userId) ?? []), { values, reads }]);
  }

  clear(): void {
    this.#byUser.clear();
  }

  /** The user as this read shows it. The type says what is usual, and not what is there. */
  show(user: TenantUser, read: UserRead): TenantUser {
    const oddities = this.#byUser.get(user.user_id);
    if (oddities === undefined) return user;
    const shown: Record<string, unknown> = { ...user };
    for (const { values, reads } of oddities) {
      if (reads !== undefined && !reads.includes(read)) continue;
      for (const [field, value] of Object.entries(values)) {
        if (value === undefined) delete shown[field];
        else shown[field] = value;
      }
    }
    return shown as TenantUser;
  }
}

/** What a listing gets wrong. */
export interface ListingFlaws {
  /** How much `total` differs from the number of users; default 0. */
  readonly totalOff?: number;
  /** Every so many rows, a row comes twice; default never. */
  readonly repeatEvery?: number;
  /** Every so many rows, a row is left out; default never. */
  readonly omitEvery?: number;
  /** So many of the first rows vanish from each page to the next one; below 0, so many appear. Default 0. */
  readonly vanishByPage?: number;
}

/** How listings and exports of the tenant are wrong at the moment. */
export class InexactListings {
  flaws: ListingFlaws = {};

  /** An export is one page. */
  total(count: number, page = 0): number {
    const { totalOff = 0, vanishByPage = 0 } = this.flaws;
    return Math.max(0, count + totalOff - page * vanishByPage);
  }

  rows<Row>(all: readonly Row[], page = 0): readonly Row[] {
    const { repeatEvery, omitEvery, vanishByPage = 0 } = this.flaws;
    const isAt = (every: number | undefined, index: number) =>
      every !== undefined && (index + 1) % every === 0;
    const listed = all.flatMap((row, index) => {
      if (isAt(omitEvery, index)) return [];
      return isAt(repeatEvery, index) ? [row, row] : [row];
    });
    const moved = page * vanishByPage;
    // What appears moves the others back, so that rows of the page before come once more.
    return moved >= 0 ? listed.slice(moved) : [...listed.slice(0, -moved), ...listed];
  }
}
