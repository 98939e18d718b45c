/**
 * Probes the upstreams, so that an outage is known before a user signs up during it. A probe is one authenticated read
 * for a user who does not exist.
 */
import { UpstreamError } from '../errors.ts';
import type { TenantId } from '../identity.ts';
import type { AccountReader } from '../ports/accounts.ts';
import type { Directory } from '../ports/auth0.ts';
import type { Clock } from '../ports/clock.ts';
import { OWN_UPSTREAMS } from '../ports/upstreams.ts';
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

export function createProbes({ accounts, tenants, clients, clock, everyMs }: ProbeDeps): Probes {
  const own = OWN_UPSTREAMS.flatMap((upstream) => {
    const { name } = upstream;
    if (upstream.of === 'tenant')
      return tenants.map((tenant) => new Asked(name, tenant.id, () => upstream.probe(tenant.directory)));
    const { probe } = upstream;
    return probe === undefined ? [] : [new Asked(name, undefined, () => probe(accounts))];
  });
  const asked = [
    ...own,
    ...INDEPENDENT.map(({ upstream }) => new Asked(upstream.name, undefined, () => upstream.probe(clients))),
  ];
  return {
    ask: async () => void (await Promise.all(asked.map((one) => one.ask(clock, everyMs)))),
    answers: () => asked.map(({ probe }) => probe),
  };
}

class Asked {
  probe: Probe;
  readonly #call: () => Promise<unknown>;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(upstream: Probe['upstream'], tenant: TenantId | undefined, call: () => Promise<unknown>) {
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
