/**
 * The upstreams of independent resources, each by one authenticated read.
 *
 * | check                    | finding                     | level |
 * |--------------------------|-----------------------------|-------|
 * | the name of the upstream | refuses Concord             | error |
 * | the name of the upstream | does not answer, or wrongly | error |
 */
import { UpstreamError } from '../errors.ts';
import { REFUSALS } from '../ports/upstreams.ts';
import type { IndependentUpstream, Readers } from '../reconcilers/independent.ts';
import { INDEPENDENT } from '../reconcilers/registry.ts';
import { type Check, found, type Seen, said, well } from './check.ts';

export function independentChecks(readers: () => Readers, pdsUrl: string): readonly Check[] {
  return INDEPENDENT.map(({ name, upstream }) => ({
    name: upstream.name,
    needs: ['configuration'],
    run: () => lookAt(name, upstream, readers(), pdsUrl),
  }));
}

async function lookAt(
  resource: string,
  upstream: IndependentUpstream,
  readers: Readers,
  pdsUrl: string,
): Promise<Seen> {
  try {
    await upstream.probe(readers);
    return well('answers');
  } catch (error) {
    const place = { tenant: undefined, pdsUrl };
    const refuses = error instanceof UpstreamError && REFUSALS.has(error.code);
    return found(refuses ? 'refuses Concord' : 'does not answer', {
      level: 'error',
      code: refuses ? 'UPSTREAM_REFUSED' : 'UPSTREAM_UNREACHABLE',
      what: said(error),
      why: `Without ${upstream.title}, the resource ${resource} of every user is unknown.`,
      mend: refuses ? upstream.refused(place) : upstream.unreached(place),
    });
  }
}
