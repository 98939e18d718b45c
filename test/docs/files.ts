/** The pages of the project, and its sources, as text. */
import { readdirSync, readFileSync } from 'node:fs';

export const ROOT = new URL('../../', import.meta.url);

export interface TextFile {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
}

function fileOf(path: string): TextFile {
  return { path, text: readFileSync(new URL(path, ROOT), 'utf8') };
}

/** All files in these folders, at any depth, with this ending. */
export function filesIn(ending: string, ...folders: readonly string[]): readonly TextFile[] {
  return folders.flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith(ending))
      .sort()
      .map((path) => fileOf(`${folder}/${path}`)),
  );
}

/** What a reader of the project reads. */
export function pages(): readonly TextFile[] {
  const single = ['README.md', 'CONTRIBUTING.md', 'ops/README.md', 'bench/README.md'];
  return [...single.map(fileOf), ...filesIn('.md', 'docs')];
}
