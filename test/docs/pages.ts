/** The pages that are written from the code, by their path from the root. */
import { failuresPage } from './failuresPage.js';
import { specPage } from './specPage.js';

export const pages: Readonly<Record<string, () => string>> = {
  'workflows/config/SPEC.md': specPage,
  'activities/FAILURES.md': failuresPage,
};
