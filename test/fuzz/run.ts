/**
 * `npm run fuzz -- --minutes N --seed S`: hostile inputs for every parser of foreign input, in turn. Inputs that are not read as they
 * should be are kept in `found/`, where `npm test` reads them again. Exit code 1 where there is one.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Finding, inputOf, openReader } from './campaign.js';
import { targets } from './targets/index.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true },
  },
});
const seed = Number(values.seed);
const until = Date.now() + Number(values.minutes) * 60_000;
const names = values.target ?? Object.keys(targets);

const counts = new Map(names.map((name) => [name, { read: 0, refused: 0, problems: 0 }]));
const seen = new Set<string>();
const reader = openReader();
for (let number = 0; Date.now() < until; number++)
  for (const [target, count] of counts) {
    const input = inputOf(target, seed, number);
    const { outcome, problem } = await reader.read({ target, input });
    count[outcome] += 1;
    if (problem === null) continue;
    count.problems += 1;
    tell({ target, input, problem }, number);
  }
await reader.close();

console.table(Object.fromEntries(counts));
const total = [...counts.values()].reduce((sum, { read, refused }) => sum + read + refused, 0);
console.log(`${total} inputs, ${seen.size} kinds of problems (seed ${seed})`);
process.exitCode = seen.size > 0 ? 1 : 0;

/** Of each kind of problem the first is kept. */
function tell({ target, input, problem }: Finding, number: number): void {
  const kind = `${target} ${problem.replace(/\d+/g, '0').slice(0, 200)}`;
  if (seen.has(kind)) return;
  seen.add(kind);
  const name = `${target}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`;
  const folder = join(import.meta.dirname, 'found');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), input);
  console.log(`${target}, case ${number}, found/${name} (${input.length} bytes): ${problem}`);
}
