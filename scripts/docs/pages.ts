/** The pages that are written from the program, the settings and the registries. */
import { commandsPage } from './commands.ts';
import { conditionsPage } from './conditions.ts';
import { configurationPage } from './configuration.ts';
import { mongodbPage } from './mongodb.ts';
import { packagesPage } from './packages.ts';

export interface WrittenPage {
  /** From the root of the project. */
  readonly path: string;
  readonly text: () => string;
}

export const WRITTEN_PAGES: readonly WrittenPage[] = [
  { path: 'docs/commands.md', text: commandsPage },
  { path: 'docs/configuration.md', text: configurationPage },
  { path: 'docs/conditions-and-alerts.md', text: conditionsPage },
  { path: 'docs/packages.md', text: packagesPage },
  { path: 'docs/decisions/mongodb-versions.md', text: mongodbPage },
];
