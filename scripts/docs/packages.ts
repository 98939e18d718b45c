/** docs/packages.md, from package.json and package-lock.json. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { code, page, table } from './markdown.ts';

const Manifest = z.object({ dependencies: z.record(z.string(), z.string()) });
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      /** Where the folder is named otherwise than the package. */
      name: z.string().optional(),
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().default(false),
      devOptional: z.boolean().default(false),
    }),
  ),
});

interface Package {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly isDirect: boolean;
}

export function packagesPage(): string {
  const all = productionPackages();
  const licences = [...new Set(all.map(({ licence }) => licence))].map((licence) => ({
    licence,
    count: all.filter((one) => one.licence === licence).length,
  }));
  const row = ({ name, version, licence }: Package) => [code(name), version, licence];
  return page(
    '# Packages',
    [
      'What `npm install` brings with Concord, and its licences. Concord itself is Apache-2.0. Why it has the two SDKs, and what they',
      'cost, is in [decisions/dependencies.md](decisions/dependencies.md).',
    ].join('\n'),
    table(
      ['licence', 'packages'],
      licences.sort((a, b) => b.count - a.count).map(({ licence, count }) => [licence, String(count)]),
    ),
    '## Packages that Concord uses',
    table(['package', 'version', 'licence'], all.filter(({ isDirect }) => isDirect).map(row)),
    '## Packages that these use',
    table(['package', 'version', 'licence'], all.filter(({ isDirect }) => !isDirect).map(row)),
  );
}

function productionPackages(): readonly Package[] {
  const { dependencies } = Manifest.parse(read('package.json'));
  const { packages } = Lock.parse(read('package-lock.json'));
  const found = Object.entries(packages).flatMap(([path, { name, version, license, dev, devOptional }]) => {
    if (path === '' || dev || devOptional) return [];
    const folder = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (version === undefined || license === undefined) {
      throw new Error(`package-lock.json names no version or licence of ${path}.`);
    }
    const isDirect = path === `node_modules/${folder}` && folder in dependencies;
    return [{ name: name ?? folder, version, licence: license, isDirect }];
  });
  const unique = new Map(found.map((one) => [`${one.name} ${one.version}`, one]));
  return [...unique.values()].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
}
