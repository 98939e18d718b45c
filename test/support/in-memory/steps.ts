/** What happens to people, their documents and their accounts, in steps that a history is drawn from. */
import { decide } from '../../../src/engine/intake/decision.ts';
import { UpstreamError } from '../../../src/errors.ts';
import {
  alice,
  bob,
  code,
  handle,
  otherTenant,
  type Person,
  person,
  tenant,
} from '../../mongo/subjects/people.ts';
import { arrive, auth0User, choose, signUp, type World } from './world.ts';

/** Alice twice: by two identities with one address. */
export const PEOPLE: readonly Person[] = [alice, bob, person('alice', otherTenant)];

type Step = (world: World, who: Person, draw: (below: number) => number) => Promise<void> | void;

export const STEPS_BY_NAME: Readonly<Record<string, Step>> = {
  'signs up': (world, who) => signUp(world, who, { emailVerified: false }),
  'verifies the email': (world, who) => signUp(world, who),
  'takes another address': (world, who, draw) =>
    signUp(world, who, { email: `moved-${draw(3)}@example.com` }),
  'has no address': (world, who) => signUp(world, who, { email: undefined }),
  'is blocked': (world, who) => signUp(world, who, { blocked: true }),
  'is deleted': async (world, who) => {
    directoryOf(world, who).remove(who.userId);
    await arrive(world, who, 'sdu');
  },
  'chooses a handle': (world, who, draw) =>
    choose(world, who, ['cedar', 'c_d', '43', 'music'][draw(4)] ?? ''),
  'gives the handle up': (world, who) => void world.documents.handles.delete(who.user),
  'has had a document and an account all along': (world, who) => {
    if (world.documents.users.has(who.user)) return;
    const { email } = auth0User(who);
    const did = world.accounts.put({ handle: handle(`old-${world.accounts.stored.size}`), email });
    world.documents.users.set(who.user, { code: code(codeFor(who)), account: { did, password: 'old' } });
  },
  'renames the account': (world, who, draw) => change(world, who, { handle: handle(`own-${draw(9)}`) }),
  'has the address of the account changed by others': (world, who, draw) =>
    change(world, who, { email: `elsewhere-${draw(9)}@example.com` }),
  'deactivates the account': (world, who) => change(world, who, { status: 'deactivated' }),
  'activates the account': (world, who) => change(world, who, { status: 'active' }),
  'loses the account on the PDS': (world, who) => {
    const did = didOf(world, who);
    if (did !== undefined) world.accounts.stored.delete(did);
  },
  'loses the account in the document': (world, who) => {
    const { account: _gone, ...rest } = world.documents.users.get(who.user) ?? {};
    if (world.documents.users.has(who.user)) world.documents.users.set(who.user, rest);
  },
  'is paused': async (world, who) => {
    await decide(world.deps, who, 'user.paused', { by: 'bob', reason: 'asked', until: null });
  },
  'is resumed': async (world, who) => void (await decide(world.deps, who, 'user.resumed', { by: 'bob' })),
  'is to be looked at': async (world, who) =>
    void (await decide(world.deps, who, 'reconcile.requested', { by: 'bob', reason: 'a call' })),
  'is tried again': async (world, who) => void (await decide(world.deps, who, 'user.retried', { by: 'bob' })),
  'meets a PDS that is away': (world) => breaks(world, 'accounts'),
  'meets an Auth0 that is away': (world) => breaks(world, 'auth0'),
  'meets nothing but health': (world) => {
    world.hooks.before = undefined;
  },
};

function directoryOf(world: World, who: Person) {
  return who.tenant === tenant ? world.directory : world.otherDirectory;
}

function codeFor({ user }: Person): string {
  return ['ac24bobob', 'ac24cacac', 'ac24dedod'][PEOPLE.findIndex((each) => each.user === user)] ?? '';
}

export function didOf(world: World, who: Person) {
  return world.documents.users.get(who.user)?.account?.did;
}

function change(world: World, who: Person, changes: Parameters<World['accounts']['change']>[1]): void {
  const did = didOf(world, who);
  if (did !== undefined && world.accounts.stored.has(did)) world.accounts.change(did, changes);
}

function breaks(world: World, port: string): void {
  world.hooks.before = (call) => {
    if (call.port !== port) return;
    throw new UpstreamError('it is away', { upstream: 'pds', code: 'UNREACHABLE', retryable: true });
  };
}
