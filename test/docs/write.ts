/** `npm run docs`: writes the pages that are made from the code. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pages } from './pages.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
for (const [path, text] of Object.entries(pages)) {
  writeFileSync(`${root}${path}`, text());
  console.log(path);
}
