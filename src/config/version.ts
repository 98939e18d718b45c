import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Beside the package's own `src` or `dist`, whichever of them this runs from. */
const PACKAGE_FILE = new URL('../../package.json', import.meta.url);

export function concordVersion(): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(PACKAGE_FILE, 'utf8'))).version;
}
