/** `concord sandbox`: the real parts on loopback, a demonstration of the incident, and a place to try things. */
import { UsageError } from '../errors.ts';
import type { SandboxOptions } from '../sandbox/show.ts';
import { EXIT, type ExitCode } from './command.ts';

export async function runSandbox(options: SandboxOptions): Promise<ExitCode> {
  const { showSandbox } = await import('../sandbox/show.ts').catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    const message =
      'The sandbox needs the development packages (a PDS, a mongod), which are not installed. In a clone, run: npm ci && npm run sandbox';
    throw new UsageError(message, 'NO_SANDBOX_PACKAGES');
  });
  const ok = await showSandbox(options);
  return ok ? EXIT.clean : EXIT.error;
}
