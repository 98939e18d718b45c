/** Finds the browser: the one that `CHROMIUM` names, or one where browsers usually are. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Its path. Undefined where there is none, which is said loudly, and which CI takes for a failure. */
export const CHROMIUM = findChromium();

function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'] ?? '';
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const usual = directories.flatMap((directory) => NAMES.map((name) => join(directory, name)));
  const found = (named === '' ? [...usual, ...APPLICATIONS] : [named]).find(isProgram);
  if (found !== undefined) return found;
  const missing = named === '' ? 'No Chromium is installed' : `CHROMIUM is ${named}, which cannot be run`;
  if ((process.env['CI'] ?? '') !== '') throw new Error(`${missing}.`);
  process.stderr.write(`\n${missing}, so NOT CHECKED: what the dashboard does in a browser\n`);
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
