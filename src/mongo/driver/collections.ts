/** The names of Concord's own collections and of the platform's, all in the one configured database. */
export const collections = {
  events: 'concord.events',
  subjects: 'concord.subjects',
  rejects: 'concord.rejects',
  ignored: 'concord.ignored',
  cursors: 'concord.cursors',
  alerts: 'concord.alerts',
  inactiveAccounts: 'concord.inactive-accounts',
  reservations: 'concord.reservations',
  users: 'users',
  verifications: 'verifications',
  handles: '@handles',
} as const;
