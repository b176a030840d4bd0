/**
 * `npx tsx test/chaos/recordRounds.ts 10000`: a run of so many rounds, as `manyRounds.ts` makes it, and its picture
 * `images/many-rounds.svg`. Takes half an hour.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { at } from '../../activities/invariant.js';
import { runManyRounds } from './manyRounds.js';
import { plotRounds } from './plotRounds.js';

const picture = fileURLToPath(new URL('images/many-rounds.svg', import.meta.url));

const rounds = Number(process.argv[2] ?? 10_000);
const found = await runManyRounds({
  rounds,
  every: Math.max(1, Math.round(rounds / 100)),
  tell: (moment) => console.log(JSON.stringify(moment)),
});
await writeFile(picture, plotRounds(found));
console.log(JSON.stringify({ executions: found.executions }));
const { executions, moments } = found;
const full = executions.slice(0, -1).map(({ events }) => events);
console.log(
  `${rounds} rounds, ${executions.length} executions of ${Math.min(...full)} to ${Math.max(...full)} events; ` +
    `${at(executions, 1).bytesHandedOn} bytes handed on at first, ${at(executions, -1).bytesHandedOn} at last; heap ` +
    `${at(moments, 1).heapMegabytes.toFixed(0)} MiB at first, ${at(moments, -1).heapMegabytes.toFixed(0)} at last`,
);
process.exit(0);
