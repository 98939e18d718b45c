/** What works on stored passwords: `credentials` and `audit --logins`. */
import type { Config } from '../config/schema.ts';
import { createVault } from '../credentials/vault.ts';
import { connect } from '../mongo/driver/connection.ts';
import { storedPasswordReader, storedPasswords } from '../mongo/platform/stored-passwords.ts';
import { runs } from '../mongo/runs.ts';
import { refuseCollations } from '../mongo/setup/collations.ts';
import { createAccountHost } from '../pds/accounts.ts';
import { systemClock } from './system.ts';
import { tenantsFor, xrpcFor } from './upstreams.ts';

/** For `credentials`: with `dryRun`, nothing that could write. Needs MongoDB and the keys. */
export function wireCredentials(config: Config, dryRun: boolean) {
  const options = { ...config.mongodb, appName: 'concord' };
  // Seals whatever credentials.storage is: the command decides what is written.
  const vault = createVault({ ...config.credentials, storage: 'sealed' });
  if (dryRun) {
    const { db, close } = connect({ ...options, readOnly: true });
    const checkCollations = () => refuseCollations(db);
    return { passwords: storedPasswordReader(db), vault, checkCollations, close };
  }
  const { db, close } = connect(options);
  const passwords = storedPasswords(db);
  return { passwords, replace: passwords.replace, vault, checkCollations: () => refuseCollations(db), close };
}

/** For `audit --logins`: keeps its position in MongoDB, and changes nothing else. */
export function wireLoginAudit(config: Config) {
  const { db, close } = connect({ ...config.mongodb, appName: 'concord' });
  const passwords = storedPasswordReader(db);
  const auditing = {
    passwords,
    // Opens sealed and plaintext passwords alike, and seals none.
    vault: createVault({ ...config.credentials, storage: 'plaintext' }),
    accounts: createAccountHost(xrpcFor(config)),
    runs: runs(db),
    clock: systemClock,
    tenants: tenantsFor(config),
  };
  const checkCollations = () => refuseCollations(db);
  return { auditing, countLogins: () => passwords.countLogins(), checkCollations, close };
}
