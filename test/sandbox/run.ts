/**
 * `npm run sandbox -- FILE.json`: runs the programs of a file, a list of `{id, program}`, one after the other between canaries, with the
 * limits of a worker's sandbox.
 *
 * Prints one JSON line for each: `id`, `outcome`, `seconds` of processor time (null where the process fell) and `canaryRight`. Exit
 * status 1 tells that a canary was wrong: a program changed what another one gave.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { at } from '../../activities/invariant.js';
import { createSandboxPool } from '../../activities/rewards/sandbox/pool.js';
import { sandboxLimits } from '../../workers/openSandbox.js';
import { runBetweenCanaries } from './canaries.js';

const fileSchema = z.array(z.looseObject({ id: z.union([z.string(), z.number()]), program: z.string() }));

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: npm run sandbox -- FILE.json, a list of {"id": …, "program": "…"}');
const given = fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
const pools = [1, 2].map(() => createSandboxPool({ processes: 1, ...sandboxLimits }));
let index = 0;
for await (const trial of runBetweenCanaries(
  given.map(({ program }) => program),
  at(pools, 0),
  at(pools, 1),
)) {
  console.log(JSON.stringify({ id: at(given, index++).id, ...trial }));
  if (!trial.canaryRight) process.exitCode = 1;
}
await Promise.all(pools.map((pool) => pool.close()));
