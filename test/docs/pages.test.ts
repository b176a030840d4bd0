/** The pages written from the code are up to date, and leave no field without its meaning. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pages } from './pages.js';
import { allFields } from './specPage.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the pages written from the code', () => {
  it.each(Object.entries(pages))('%s says what the code says (else run `npm run docs`)', (path, text) => {
    expect(readFileSync(`${root}${path}`, 'utf8')).toBe(text());
  });

  it('describe every field', () => {
    expect(allFields.length).toBeGreaterThan(100);
    const lacking = allFields.filter(({ schema }) => schema.description === undefined);
    expect(lacking.map(({ path }) => path)).toEqual([]);
  });
});
