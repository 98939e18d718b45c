/**
 * The file of a saved plan. It has no secret and no address, but it names users, so only its owner may read it. The
 * checksum detects damage, and not forgery.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Config } from '../../config/schema.ts';
import { concordVersion } from '../../config/version.ts';
import {
  type Place,
  SAVED_PLAN_VERSION,
  type SavedPlan,
  type SavedTenant,
  type SavedUser,
} from '../../engine/operations/saved-plan.ts';
import { UsageError } from '../../errors.ts';
import { eventId, parseTenantId, storedUserKey } from '../../identity.ts';
import { visible } from '../../terminal/visible.ts';

/** Enough for more than a million users; a larger file was probably named by mistake. */
const MAX_BYTES = 1_073_741_824;

export function newSalt(): string {
  return randomBytes(16).toString('base64url');
}

export function placeOf({ mongodb, pds, tenants }: Config): Place {
  return {
    database: mongodb.database,
    pds: pds.url,
    tenants: tenants.map(({ id, domain, keyPrefix }) => ({ id, domain, keyPrefix })),
  };
}

export function savedPlan(
  { database, pds }: Place,
  tenants: readonly SavedTenant[],
  users: readonly SavedUser[],
  salt: string,
  now: Date,
): SavedPlan {
  return {
    ...{ format: 'concord-plan', version: SAVED_PLAN_VERSION, concord: concordVersion() },
    ...{ madeAt: now.toISOString(), database, pds, tenants, salt, users },
  };
}

/** Written atomically: a truncated plan would be useless. */
export function writePlanFile(path: string, plan: SavedPlan): void {
  const text = `${JSON.stringify({ ...plan, checksum: checksumOf(plan) }, undefined, 1)}\n`;
  const beside = `${path}.${process.pid}.part`;
  try {
    writeFileSync(beside, text, { mode: 0o600 });
    renameSync(beside, path);
  } catch (error) {
    throw new UsageError(
      `The plan could not be written to ${visible(path)}: ${reasonOf(error)}`,
      'FILE_NOT_WRITTEN',
    );
  }
}

const digest = z.string().min(1);
const change = z.strictObject({
  ...{ field: z.string(), from: z.string().nullable(), to: z.string().nullable() },
});
const actions = z.array(
  z.strictObject({
    ...{ resource: z.string(), type: z.string(), detail: z.string(), writes: z.string() },
    ...{ changes: z.array(change), destructive: z.boolean(), irreversible: z.boolean() },
  }),
);
const tenantId = z.string().transform((text, context) => {
  const id = parseTenantId(text);
  if (id !== undefined) return id;
  context.addIssue({ code: 'custom', message: 'is no tenant' });
  return z.NEVER;
});
const planSchema = z.strictObject({
  format: z.literal('concord-plan'),
  version: z.literal(SAVED_PLAN_VERSION),
  concord: z.string(),
  madeAt: z.iso.datetime(),
  database: z.string(),
  pds: z.string(),
  tenants: z.array(
    z.strictObject({
      ...{ id: tenantId, domain: z.string(), keyPrefix: z.string(), users: z.int().min(0).nullable() },
    }),
  ),
  salt: z.string().min(1),
  users: z.array(
    z.strictObject({
      user: z.string().transform(storedUserKey),
      tenant: tenantId,
      actions,
      mayFollow: z.string().nullable(),
      rests: z.strictObject({
        event: z.string().transform(eventId).nullable(),
        ...{ auth0: digest, documents: digest, account: digest, plan: digest },
      }),
    }),
  ),
});

/** Throws UsageError PLAN_UNREADABLE or PLAN_VERSION_UNKNOWN, each with a sentence that says why. */
export function readPlanFile(path: string): SavedPlan {
  const broken = (why: string) =>
    new UsageError(`${visible(path)} is not a plan that can be applied: ${why}.`, 'PLAN_UNREADABLE');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw broken(reasonOf(error));
  }
  if (text.length > MAX_BYTES) throw broken('it is too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken('it is damaged, or not JSON');
  }
  const head = z.looseObject({ format: z.literal('concord-plan'), version: z.int() }).safeParse(value);
  if (!head.success) throw broken('it was not written by: concord plan --out');
  if (head.data.version !== SAVED_PLAN_VERSION)
    throw new UsageError(
      `${visible(path)} is a plan of version ${head.data.version}, and this Concord reads version ${SAVED_PLAN_VERSION}. Make it again with: concord plan --out`,
      'PLAN_VERSION_UNKNOWN',
    );
  const { checksum, ...rest } = head.data;
  const parsed = planSchema.safeParse(rest);
  if (!parsed.success || checksum !== checksumOf(rest)) throw broken('it is damaged');
  return parsed.data;
}

function checksumOf(plan: object): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(plan)).digest('hex')}`;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return 'there is no such file or directory';
  if (code === 'EACCES') return 'permission denied';
  return code === '' ? 'it failed' : code;
}
