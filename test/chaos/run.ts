/**
 * `npm run chaos -- --minutes N --seed S`: faults of many kinds at random moments, and whether every run ends as the undisturbed one.
 * Exit code 1 when one does not, or when a step is lost.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { messageOf } from '../../activities/errors.js';
import { abortOnInterrupt } from '../../workers/interruption.js';
import { chaos } from './chaos.js';
import { describeReport } from './report.js';

const folder = fileURLToPath(new URL('../../.data/chaos', import.meta.url));

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e4)) throw new InvalidArgumentError('allowed is a number of minutes, such as 3 or 0.5');
  return value;
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('allowed is a whole number of up to nine digits');
  return Number(text);
}

const { minutes, seed, report } = new Command('chaos')
  .description('Runs of every method under faults, compared with undisturbed ones')
  .option('--minutes <n>', 'of faults', positive, 3)
  .option('--seed <n>', 'fixes which faults come, and when', whole, 1)
  .option('--report <file>', 'where the report goes, as JSON (.data/chaos/seed-<n>.json)')
  .parse()
  .opts<{ minutes: number; seed: number; report?: string }>();
const file = report ?? `${folder}/seed-${seed}.json`;
const found = await chaos({ minutes, seed, tell: (line) => console.log(line), signal: abortOnInterrupt() }).catch(
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify(found, null, 2)}\n`);
console.log(`\n${describeReport(found)}\n\nThe whole report: ${file}`);
if (!found.isSound) console.log(`Again: npm run chaos -- --minutes ${minutes} --seed ${seed}`);
process.exit(found.isSound ? 0 : 1);
