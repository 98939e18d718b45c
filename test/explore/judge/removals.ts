/** The rules of removals, said once more and apart from the engine. */
import type { UserKey } from '../../../src/identity.ts';
import type { World } from '../model/world.ts';

/** The rule of successors, said once more and by the world alone. */
function keptFor(world: World, deleted: UserKey): string[] {
  const { auth0, verifiedEmail } = world.factsOf(deleted);
  const living = [...world.directory.all(), ...world.otherDirectory.all()];
  const isSame = (email: string | undefined): boolean =>
    email !== undefined && email.toLowerCase() === verifiedEmail?.toLowerCase();
  const hasAddress = living.some(({ email, emailVerified }) => emailVerified && isSame(email));
  const hasIdentity = living.some(({ linked = [] }) => auth0 !== undefined && linked.includes(auth0.userId));
  return [
    ...(hasAddress ? ['W7: an account was removed while a user in Auth0 has the address'] : []),
    ...(hasIdentity ? ['W7: an account was removed while the user is linked into another one'] : []),
  ];
}

/** The rule of removals, said once more and apart from the engine: two proofs, the grace, and a grant. */
export function removalFlaws(
  world: World,
  user: UserKey | undefined,
  how: 'deactivate' | 'delete',
): string[] {
  const { policy } = world.settings;
  const events = world.log.eventsOf(user).toSorted((a, b) => a.at.getTime() - b.at.getTime());
  let absentMs: number | undefined;
  let [granted, unlisted, seenMs, hintMs] = [false, false, -1, -1];
  for (const event of events) {
    if (event.type === 'auth0.user-observed') [absentMs, granted, unlisted] = [undefined, false, false];
    if (event.type === 'auth0.user-observed') seenMs = event.at.getTime();
    if (event.type === 'auth0.user-absent') absentMs ??= event.at.getTime();
    if (event.type === 'auth0.user-unlisted') unlisted = true;
    if (event.type === 'removal.granted' && absentMs !== undefined) granted = true;
    // By our clock: an entry's own date may be much older than the read that it refutes.
    if (event.type === 'auth0.log-received' && event.data.hint === 'deleted')
      hintMs = Math.max(hintMs, event.recordedAt.getTime());
  }
  const second = unlisted || hintMs > seenMs;
  const lacking = [
    policy.removal === how ? [] : ['the policy'],
    absentMs === undefined ? ['the first proof'] : [],
    second ? [] : ['the second proof'],
    granted ? [] : ['a grant'],
    absentMs !== undefined && world.nowMs >= absentMs + policy.removalGraceMs ? [] : ['the grace'],
  ].flat();
  return [
    ...(lacking.length > 0 ? [`an account was removed without ${lacking.join(', ')}`] : []),
    ...(user === undefined ? [] : keptFor(world, user)),
  ];
}
