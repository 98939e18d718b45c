/**
 * Probes the upstreams, so that an outage is known before a user signs up during it. A probe is one authenticated read
 * for a user who does not exist.
 */
import { UpstreamError } from '../errors.ts';
import { type Auth0UserId, type Did, parseAuth0UserId, parseDid, type TenantId } from '../identity.ts';
import type { AccountReader } from '../ports/accounts.ts';
import type { Directory } from '../ports/auth0.ts';
import type { Clock } from '../ports/clock.ts';
import type { Readers } from '../reconcilers/independent.ts';
import { INDEPENDENT } from '../reconcilers/registry.ts';
import type { Probe } from './system-facts.ts';

export interface ProbeDeps {
  readonly accounts: Pick<AccountReader, 'accounts'>;
  readonly tenants: readonly { readonly id: TenantId; readonly directory: Pick<Directory, 'user'> }[];
  /** Of independent resources. */
  readonly clients: Readers;
  readonly clock: Clock;
  /** Milliseconds between two probes of a healthy upstream. An unhealthy one is probed every time. */
  readonly everyMs: number;
}

export interface Probes {
  /** Probes the upstreams that are due. Does not reject because of their answers. */
  ask(): Promise<void>;
  answers(): readonly Probe[];
}

const NOBODY = nobody();

export function createProbes({ accounts, tenants, clients, clock, everyMs }: ProbeDeps): Probes {
  const asked = [
    new Asked('pds', undefined, async () => void (await accounts.accounts([NOBODY.did]))),
    ...tenants.map(
      (tenant) =>
        new Asked('auth0', tenant.id, async () => void (await tenant.directory.user(NOBODY.userId))),
    ),
    ...INDEPENDENT.map(
      ({ upstream }) => new Asked(upstream.name, undefined, async () => void (await upstream.probe(clients))),
    ),
  ];
  return {
    ask: async () => void (await Promise.all(asked.map((one) => one.ask(clock, everyMs)))),
    answers: () => asked.map(({ probe }) => probe),
  };
}

class Asked {
  probe: Probe;
  readonly #call: () => Promise<void>;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(upstream: Probe['upstream'], tenant: TenantId | undefined, call: () => Promise<void>) {
    this.probe = { upstream, tenant, answer: { type: 'unknown' } };
    this.#call = call;
  }

  async ask(clock: Clock, everyMs: number): Promise<void> {
    const { answer } = this.probe;
    const now = clock.now();
    if (answer.type === 'well' && now.getTime() - this.#lastMs < everyMs) return;
    this.#lastMs = now.getTime();
    try {
      await this.#call();
      // Taken before the call: what failed during the call may have failed before.
      if (answer.type !== 'well') this.probe = { ...this.probe, answer: { type: 'well', since: now } };
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      const { code, message } = error;
      // A rate limit says nothing about its health.
      if (code === 'RATE_LIMITED') return;
      const since = answer.type === 'failing' && answer.code === code ? answer.since : now;
      this.probe = { ...this.probe, answer: { type: 'failing', code, message, since } };
    }
  }
}

function nobody(): { readonly did: Did; readonly userId: Auth0UserId } {
  const did = parseDid(`did:plc:${'a'.repeat(24)}`);
  const userId = parseAuth0UserId('auth0|concord-asks-whether-you-answer');
  if (did === undefined || userId === undefined) throw new Error('the probe names do not parse');
  return { did, userId };
}
