/** `concord sandbox`: the real parts on loopback, the incident healed, and a place to try things. */
import { UsageError } from '../errors.ts';
import { EXIT, type ExitCode, type GlobalOptions } from './command.ts';

export interface SandboxOptions extends GlobalOptions {
  readonly exit?: boolean | undefined;
  readonly users: number;
  readonly keep?: string | undefined;
  readonly format: string;
}

export async function runSandbox(options: SandboxOptions): Promise<ExitCode> {
  const { showSandbox } = await import('../sandbox/show.ts').catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    const message =
      'The sandbox needs the development packages (a PDS, a mongod), which this installation was made without. In a clone: npm ci && npm run sandbox';
    throw new UsageError(message, 'NO_SANDBOX_PACKAGES');
  });
  const ok = await showSandbox(options);
  return ok ? EXIT.clean : EXIT.error;
}
