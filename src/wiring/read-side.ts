/** What only reads, built without anything that writes: a dry run cannot write by mistake, because nothing that it holds could. */
import type { Config } from '../config/schema.ts';
import { peopleOf } from '../engine/intake/people.ts';
import { successorSearch } from '../engine/reconcile/claims/successors.ts';
import type { AssessDeps, AssessedTenant } from '../engine/reconcile/read-side.ts';
import { connect } from '../mongo/driver/connection.ts';
import { inactiveAccountReader } from '../mongo/inactive-accounts.ts';
import { eventReader } from '../mongo/log/event-log.ts';
import { eventTail } from '../mongo/log/event-tail.ts';
import { historyPages } from '../mongo/log/history-pages.ts';
import { documentReader } from '../mongo/platform/document-reader.ts';
import { refuseCollations } from '../mongo/setup/collations.ts';
import { databaseClock } from '../mongo/setup/server-clock.ts';
import { reservationReader } from '../mongo/subjects/reservations.ts';
import { subjectReader } from '../mongo/subjects/subjects.ts';
import { userPages } from '../mongo/subjects/user-pages.ts';
import { createAccountReader } from '../pds/accounts.ts';
import type { EventTail, HistoryPages } from '../ports/event-log.ts';
import type { SubjectReader, UserPages } from '../ports/subjects.ts';
import { overviewFor } from './dashboard.ts';
import { independentReaders } from './independent.ts';
import { engineSettings } from './settings.ts';
import { systemClock } from './system.ts';
import { didsFor, handleDomainOf, tenantsFor, xrpcFor } from './upstreams.ts';

/** What a command that only reads needs. */
export interface ReadSide {
  readonly assess: AssessDeps & { readonly subjects: SubjectReader };
  readonly tenants: readonly AssessedTenant[];
  readonly userPages: UserPages;
  readonly tail: EventTail;
  readonly pages: HistoryPages;
  /** Called before a command concludes or proposes anything about all users. Throws UsageError as `Engine` does. */
  checkCollations(): Promise<void>;
  close(): Promise<void>;
}

export function wireReadSide(config: Config): ReadSide {
  const connection = connect({ ...config.mongodb, appName: 'concord', readOnly: true });
  const { db } = connection;
  const tenants = tenantsFor(config);
  const subjects = subjectReader(db);
  const xrpc = xrpcFor(config);
  const accounts = createAccountReader(xrpc);
  return {
    assess: {
      events: eventReader(db),
      documents: documentReader(db),
      subjects,
      inactive: inactiveAccountReader(db),
      successors: successorSearch(subjects, tenants),
      reservations: reservationReader(db),
      accounts,
      dids: didsFor(config, xrpc),
      clients: independentReaders(),
      handleDomain: handleDomainOf(accounts),
      settings: engineSettings(config),
      people: peopleOf(tenants),
      databaseClock: databaseClock(db, systemClock),
    },
    tenants,
    userPages: userPages(
      db,
      config.tenants.map(({ id }) => id),
    ),
    tail: eventTail(db, systemClock),
    pages: historyPages(db),
    checkCollations: () => refuseCollations(db),
    close: () => connection.close(),
  };
}

/** For `status`: reads MongoDB and calls no other system. */
export function wireOverview(config: Config) {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord', readOnly: true });
  return { ...overviewFor(db, config), close };
}
