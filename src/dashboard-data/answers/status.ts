/**
 * The status of a user, as the dashboard shows it. The files beside this one are the dashboard's questions and their
 * answers, as JSON: the contract between the server and the page. Moments are ISO 8601 in UTC, durations milliseconds.
 * No answer holds an email address, a password or a raw log entry.
 *
 * They import only each other, because the page is compiled for a browser.
 */

export type Sync = 'Synced' | 'OutOfSync' | 'Unknown';

/** Deleted: Auth0 does not have the user any more, or the user was forgotten. Never counted as in sync. */
export type Health = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Deleted' | 'Excluded';

export type Resource = string;

/** What a condition is about. */
export type Subject = string;
