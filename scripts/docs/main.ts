/** `npm run docs`: writes the pages. A test fails while one of them is stale. */
import { writeFileSync } from 'node:fs';
import { WRITTEN_PAGES } from './pages.ts';

for (const { path, text } of WRITTEN_PAGES) writeFileSync(new URL(`../../${path}`, import.meta.url), text());
