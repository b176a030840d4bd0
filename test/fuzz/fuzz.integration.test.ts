/** Some cases of every target, the same each time, and every input that once was not read as it should be. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inputOf, openReader } from './campaign.js';
import { targets } from './targets/index.js';

const casesOfTarget = 12;
const reader = openReader();
afterAll(reader.close);

describe('hostile inputs are read or refused, in bounds', () => {
  it.each(Object.keys(targets))('%s', async (target) => {
    for (let number = 0; number < casesOfTarget; number++) {
      const { problem } = await reader.read({ target, input: inputOf(target, 1, number) });
      expect({ number, problem }).toEqual({ number, problem: null });
    }
  });
});

describe('what hostile inputs are made of is read', () => {
  it.each(Object.entries(targets))('%s', async (target, { sound }) => {
    for (const input of sound())
      expect(await reader.read({ target, input })).toEqual({ problem: null, outcome: 'read' });
  });
});

const folder = join(import.meta.dirname, 'found');
const found = existsSync(folder) ? readdirSync(folder) : [];

describe.skipIf(found.length === 0)('inputs that once were not', () => {
  it.each(found)('%s', async (name) => {
    const [target = ''] = name.split('-');
    const { problem } = await reader.read({ target, input: readFileSync(join(folder, name)) });
    expect(problem).toBeNull();
  });
});
