import { gzipSync } from 'node:zlib';
import type { Management } from 'auth0';
import type { Clock } from '../clock.ts';
import { ALPHANUMERICS, type Randomness } from '../randomness.ts';
import { valuesAt } from './search-match.ts';
import type { TenantUser } from './user.ts';

const LINK_LIFETIME_MS = 60_000;
const JOB_LIFETIME_MS = 86_400_000;

export interface ExportRequest {
  readonly connection_id?: string | undefined;
  readonly format?: 'json' | 'csv' | undefined;
  readonly limit?: number | undefined;
  readonly fields?: Management.CreateExportUsersFields[] | undefined;
}

export interface ExportSettings {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** From creation to completion, ms; half of it pending, half processing. */
  readonly durationMs: number;
  readonly gzip: boolean;
}

interface Job {
  readonly id: string;
  readonly createdAtMs: number;
  readonly request: ExportRequest;
  readonly file: Buffer;
}

/** What is exported when the request names no fields. */
const DEFAULT_FIELDS: readonly Management.CreateExportUsersFields[] = [
  { name: 'user_id' },
  { name: 'email' },
  { name: 'email_verified' },
  { name: 'username' },
  { name: 'name' },
  { name: 'nickname' },
  { name: 'given_name' },
  { name: 'family_name' },
  { name: 'picture' },
  { name: 'phone_number' },
  { name: 'created_at' },
  { name: 'updated_at' },
];

/** Bulk exports: pending, processing, completed. A link dies after 60 s, and the job's data after a day. */
export class ExportJobs {
  readonly #settings: ExportSettings;
  readonly #jobs = new Map<string, Job>();
  readonly #links = new Map<string, { readonly jobId: string; readonly expiresAtMs: number }>();

  constructor(settings: ExportSettings) {
    this.#settings = settings;
  }

  /** The users are taken as they stand now: an export is never newer than the moment it was asked for. */
  create(request: ExportRequest, users: readonly TenantUser[]): Management.CreateExportUsersResponseContent {
    const { clock, randomness, gzip } = this.#settings;
    const text = encodeExport(users.slice(0, request.limit), request);
    const job = {
      id: `job_${randomness.draw(16, ALPHANUMERICS)}`,
      createdAtMs: clock().getTime(),
      request,
      file: gzip ? gzipSync(text) : Buffer.from(text),
    };
    this.#jobs.set(job.id, job);
    const { connection_id, limit, fields } = request;
    return {
      ...this.#summary(job, 'pending'),
      connection: '',
      ...(connection_id === undefined ? {} : { connection_id }),
      ...(limit === undefined ? {} : { limit }),
      ...(fields === undefined ? {} : { fields }),
    };
  }

  /** The current job. A completed one gets a new link at each read. */
  status(jobId: string, linkTo: (signature: string) => string): Management.GetJobResponseContent | undefined {
    const job = this.#jobs.get(jobId);
    if (!job) return undefined;
    const nowMs = this.#settings.clock().getTime();
    const ageMs = nowMs - job.createdAtMs;
    if (ageMs >= JOB_LIFETIME_MS) return undefined;
    const { durationMs } = this.#settings;
    if (ageMs < durationMs / 2) return this.#summary(job, 'pending');
    if (ageMs < durationMs) {
      const percentage_done = Math.floor((ageMs / durationMs) * 100);
      return { ...this.#summary(job, 'processing'), percentage_done };
    }
    const signature = this.#settings.randomness.draw(32, ALPHANUMERICS);
    this.#links.set(signature, { jobId, expiresAtMs: nowMs + LINK_LIFETIME_MS });
    return { ...this.#summary(job, 'completed'), percentage_done: 100, location: linkTo(signature) };
  }

  /** The file behind a link, unless the link is unknown or has died. */
  file(signature: string): Buffer | undefined {
    const link = this.#links.get(signature);
    if (!link || link.expiresAtMs <= this.#settings.clock().getTime()) return undefined;
    return this.#jobs.get(link.jobId)?.file;
  }

  #summary(job: Job, status: string) {
    const created_at = new Date(job.createdAtMs).toISOString();
    return { id: job.id, type: 'users_export', status, format: job.request.format ?? 'json', created_at };
  }
}

function encodeExport(users: readonly TenantUser[], request: ExportRequest): string {
  const fields = request.fields?.length ? request.fields : DEFAULT_FIELDS;
  const names = fields.map((field) => field.export_as ?? field.name);
  const rows = users.map((user) =>
    fields.map(({ name }) => {
      const whole = (user as Record<string, unknown>)[name];
      // Auth0 writes `identities[0].connection`, and the first identity is the one that is asked for.
      return Array.isArray(whole) ? whole : valuesAt(user, name.replace(/\[(\d+)\]/g, ''))[0];
    }),
  );
  if (request.format === 'csv') {
    const lines = [names.join(','), ...rows.map((row) => row.map(csvCell).join(','))];
    return lines.map((line) => `${line}\n`).join('');
  }
  return rows
    .map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

/** Text gets a leading apostrophe against formula injection; Auth0's own dates do not. */
function csvCell(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (typeof value !== 'string') return text;
  return /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) ? text : `"'${text.replaceAll('"', '""')}"`;
}
