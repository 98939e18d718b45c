/**
 * Packages in other versions than the installed ones, such as Node itself: from the npm registry, each set in a folder of its
 * own outside of this project. The folders are kept for later runs, and may be removed at any time.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The name of a package, and its exact version. */
export type Packages = Readonly<Record<string, string>>;

export interface OtherNode {
  readonly version: string;
  readonly program: string;
  /** The folder with its headers, for packages that are compiled. */
  readonly home: string;
}

export interface InstallOptions {
  /** The Node that runs the installation, and that packages are compiled for. Default: the one that runs this process. */
  readonly node?: OtherNode;
  /** Versions of packages that those depend on. */
  readonly overrides?: Packages;
}

const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'concord-tests');
const MAX_OUTPUT_BYTES = 16 * 1024 ** 2;

/** The folder whose `node_modules` has them. */
export async function installApart(packages: Packages, options: InstallOptions = {}): Promise<string> {
  const { node, overrides = {} } = options;
  const platform = `${process.platform}-${process.arch}`;
  const manifest = JSON.stringify({ private: true, dependencies: packages, overrides });
  const key = createHash('sha256').update([manifest, node?.version, platform].join()).digest('hex');
  const folder = join(CACHE, key.slice(0, 16));
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  // Not at its place before it is whole: an installation that breaks off must not be taken for one.
  const incomplete = await mkdtemp(join(CACHE, 'incomplete-'));
  try {
    await writeFile(join(incomplete, 'package.json'), manifest);
    await npm(incomplete, node, 'install', '--no-audit', '--no-fund', '--no-package-lock');
    await rename(incomplete, folder);
  } catch (error) {
    await rm(incomplete, { recursive: true, force: true });
    // Another run was first.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** npm in a folder, on another Node. Throws with what it wrote. */
export async function npm(
  cwd: string,
  node: OtherNode | undefined,
  ...args: readonly string[]
): Promise<string> {
  const { PATH = '', ...inherited } = process.env;
  // A run that npm started has its settings in the environment, and the folder to work in with them.
  const env = Object.fromEntries(
    Object.entries(inherited).filter(
      ([name]) => !/^npm_(package|lifecycle|config_local)_|^INIT_CWD$/.test(name),
    ),
  );
  const ofNode =
    node === undefined
      ? { PATH }
      : { PATH: [dirname(node.program), PATH].join(delimiter), npm_config_nodedir: node.home };
  const options = { cwd, env: { ...env, ...ofNode }, maxBuffer: MAX_OUTPUT_BYTES };
  return (await run('npm', [...args], options)).stdout;
}

export async function otherNode(version: string): Promise<OtherNode> {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${system}-${process.arch}`;
  const home = join(await installApart({ [name]: version }), 'node_modules', name);
  return { version, home, program: join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node') };
}
