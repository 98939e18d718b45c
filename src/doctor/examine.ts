/** All checks, in the order of the report. */
import type { ConfigNeed } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { emailTagOf } from '../config/tenants.ts';
import type { Clock } from '../ports/clock.ts';
import type { MongodbInspection, PlcInspection } from '../ports/inspection.ts';
import type { NoUserReader } from '../ports/subjects.ts';
import type { OwnName } from '../ports/upstreams.ts';
import type { Readers } from '../reconcilers/independent.ts';
import { auth0Checks } from './auth0.ts';
import { type Check, idOf } from './check.ts';
import { type ClockReading, clockCheck } from './clock.ts';
import { configurationChecks, type Load, loadLeniently } from './configuration.ts';
import { didDirectoryChecks } from './did-directory.ts';
import { type History, haltCheck, historyChecks } from './history.ts';
import { independentChecks } from './independent.ts';
import { indexCheck } from './indexes.ts';
import { mongodbChecks } from './mongodb.ts';
import { noUserCheck } from './no-users.ts';
import { type ExaminedPds, pdsChecks } from './pds.ts';
import { type Platform, platformChecks } from './platform.ts';
import { type SimulatedTenant, type SimulationSide, simulationChecks } from './simulate.ts';
import { streamChecks } from './streams.ts';
import type { ExaminedTenant } from './tenant.ts';

/** What is checked. Each part is built when it is needed, because it may not be configured. */
export interface ExaminedSide extends History, Platform {
  readonly noUsers: NoUserReader;
  readonly mongodb: MongodbInspection;
  open(): Promise<void>;
}

export interface Surroundings {
  readonly side: () => ExaminedSide;
  readonly pds: () => ExaminedPds;
  readonly plc: () => PlcInspection;
  /** Of independent resources. */
  readonly clients: () => Readers;
  readonly tenants: readonly ExaminedTenant[];
}

export interface Simulation {
  readonly tenants: readonly SimulatedTenant[];
  readonly open: () => Promise<SimulationSide>;
}

export function checksFor(
  load: Load,
  surroundingsOf: (config: Config) => Surroundings,
  clock: Clock,
  simulationOf?: (config: Config) => Simulation,
): readonly Check[] {
  const configuration = configurationChecks(load);
  const config = loadLeniently(load);
  if (config === undefined) return configuration;
  const { side, pds, plc, clients, tenants } = surroundingsOf(config);
  const simulation = simulationOf?.(config);
  const mongodb = () => side().mongodb;
  const settings = config.tenants.map((tenant, at) => ({
    ...{ id: tenant.id, emailTag: emailTagOf(config.tenants, tenant), sisterOf: tenant.sisterOf },
    // Reading it throws where it is not configured.
    domain: hasNeed(load, 'auth0') ? config.tenants[at]?.domain : undefined,
  }));
  // An upstream without a check does not compile.
  const ofUpstream = {
    mongodb: [...mongodbChecks(side), indexCheck(mongodb)],
    auth0: tenants.flatMap((tenant) => [
      ...auth0Checks(tenant),
      ...streamChecks(tenant),
      ...historyChecks(tenant, side, clock),
    ]),
    pds: pdsChecks(pds, mongodb),
    plc: didDirectoryChecks(plc, () => pds().inspection),
  } satisfies Record<OwnName, readonly Check[]>;
  return [
    ...configuration,
    ...ofUpstream.mongodb,
    ...platformChecks(side, () => config.credentials, settings, clock),
    ...ofUpstream.auth0,
    noUserCheck(
      () => side().noUsers,
      config.tenants.map(({ id }) => id),
    ),
    haltCheck(side, clock),
    ...ofUpstream.pds,
    ...ofUpstream.plc,
    ...independentChecks(clients, config.pds.url),
    clockCheck(['configuration'], () => clocks(side, pds, tenants)),
    ...(simulation === undefined ? [] : simulationChecks(simulation.tenants, simulation.open)),
  ];
}

function hasNeed(load: Load, need: ConfigNeed): boolean {
  try {
    load([need]);
    return true;
  } catch {
    // The check of this need reports it.
    return false;
  }
}

/** A system that does not answer has no clock to compare; another check reports that. */
async function clocks(
  side: () => ExaminedSide,
  pds: () => ExaminedPds,
  tenants: readonly ExaminedTenant[],
): Promise<readonly ClockReading[]> {
  const read = async (name: string, look: () => Promise<number | undefined>): Promise<ClockReading> => {
    try {
      return { name, aheadMs: await look() };
    } catch {
      return { name, aheadMs: undefined };
    }
  };
  return Promise.all([
    read('MongoDB', async () => (await side().mongodb.server()).aheadMs),
    ...tenants.map(({ id, auth0 }) =>
      read(idOf({ name: 'Auth0', tenant: tenants.length > 1 ? id : undefined }), async () => {
        const users = await auth0().users();
        return users === 'forbidden' ? undefined : users.aheadMs;
      }),
    ),
    read('the PDS', async () => (await pds().inspection.health()).aheadMs),
  ]);
}
