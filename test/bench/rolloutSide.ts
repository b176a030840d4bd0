/**
 * Our side of a rollout benchmark, a process of its own as the engine is: `rolloutSide.ts input.json` generates all answers for each
 * line on standard input, and answers one JSON line when ready and one a time. Called by rolloutPeers.ts.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { GenerateTask } from '../../activities/engine/sampling/generate.js';
import { generate } from '../../activities/engine/sampling/generate.js';
import { quiet } from './rolloutModels.js';

const input: GenerateTask['input'] = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8'));
const answer = (fields: object): void => {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
};
answer({});
for await (const _ of createInterface({ input: process.stdin })) {
  const { seconds } = (await generate(input, quiet)).work;
  answer({ seconds });
}
// Worker threads wait for more tasks, so the process would not end by itself.
process.exit();
