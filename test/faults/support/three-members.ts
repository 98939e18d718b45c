/** A replica set of three, each member a process that can be killed, with the times between elections as in production. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient, MongoServerError } from 'mongodb';
import { freePort } from '../../../src/sandbox/servers/held-port.ts';
import { until } from '../../support/until.ts';
import { administer, directUri, launchMongod, type MongodLaunch, replicaSetData } from './mongod-process.ts';

export interface Member {
  readonly port: number;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** On the same data; resolves when it answers. */
  restart(): Promise<void>;
}

export interface ThreeMembers {
  readonly uri: string;
  primary(): Promise<Member>;
  secondaries(): Promise<readonly Member[]>;
  /** The primary becomes a secondary, and no primary again for a minute. */
  stepDown(): Promise<void>;
  stop(): Promise<void>;
}

/** Another primary has been elected by then. */
const STEP_DOWN_SECONDS = 60;

export async function threeMembers(): Promise<ThreeMembers> {
  const { dataDir, port, argv } = await replicaSetData();
  const ports = [port, await freePort(), await freePort()];
  const members = await Promise.all(ports.map((one) => startMember(dataDir, argv, one)));
  const hosts = ports.map((one) => `127.0.0.1:${one}`);
  const name = argv[argv.indexOf('--replSet') + 1] ?? '';
  const config = { _id: name, version: 1, members: hosts.map((host, _id) => ({ _id, host })) };
  await administer(directUri(port), { replSetInitiate: config });
  const uri = `mongodb://${hosts.join()}/?replicaSet=${name}`;
  const stateOf = async (member: Member) =>
    administer(directUri(member.port), { isMaster: 1 }).catch(() => ({}) as Record<string, unknown>);
  const having = async (field: 'ismaster' | 'secondary') => {
    const states = await Promise.all(members.map(stateOf));
    return members.filter((_member, at) => states[at]?.[field] === true);
  };
  const primary = () => until('there is a primary', async () => (await having('ismaster'))[0]);
  await primary();
  await until('all members have the data', async () => (await having('secondary')).length === 2);
  return {
    uri,
    primary,
    secondaries: () => having('secondary'),
    stepDown: () => stepDown(uri),
    stop: async () => {
      await Promise.all(members.map((member) => member.kill()));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function startMember(dataDir: string, argv: readonly string[], port: number): Promise<Member> {
  const dbPath = join(dataDir, String(port));
  await mkdir(dbPath);
  const own = new Map([
    ['--port', String(port)],
    ['--dbpath', dbPath],
  ]);
  const launch: MongodLaunch = {
    ...{ port, log: join(dataDir, `${port}.log`), until: 'answers' },
    argv: argv.map((value, at) => own.get(argv[at - 1] ?? '') ?? value),
  };
  let running = await launchMongod(launch);
  return {
    port,
    kill: () => running.kill(),
    restart: async () => {
      running = await launchMongod(launch);
    },
  };
}

async function stepDown(uri: string): Promise<void> {
  const client = await MongoClient.connect(uri);
  try {
    await client.db('admin').command({ replSetStepDown: STEP_DOWN_SECONDS });
  } catch (error) {
    // MongoDB 4.0 closes all connections when it steps down, this one too.
    if (error instanceof MongoServerError) throw error;
  } finally {
    await client.close();
  }
}
