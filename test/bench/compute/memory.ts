/**
 * Peak memory and time of a run of gradients on one sequence:
 *
 *   npx tsx test/bench/compute/memory.ts FOLDER LENGTH PRECISION kept|recomputed whole|blocks
 *
 * `FOLDER` holds a model as `model.from` names it. A process for each setting, so that none finds another's memory.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importModel } from '../../../activities/engine/tasks/importModel.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { peakMemory } from '../training/peakMemory.js';
import { dense } from '../training/workloads.js';
import { gradientsOf } from './gradients.js';

const [, , directory = '', length = '', precision = 'float32', layers = 'kept', attention = 'whole'] = process.argv;
const quiet = { onProgress: () => undefined, isCancelled: () => false };
const outputDirectory = await mkdtemp(join(tmpdir(), 'reft-compute-'));
const { config } = await readFolder(directory);
const { files } = await importModel({ config, directory, outputDirectory }, quiet);
const compute = {
  precision: precision === 'bfloat16' || precision === 'float16' ? precision : 'float32',
  recompute: layers === 'recomputed',
  attentionInBlocks: attention === 'blocks',
} as const;
const { batches } = dense(files, 1, Number(length));
const peak = await peakMemory();
const { loss, seconds, plannedBytes } = await gradientsOf(files, compute, batches[0] ?? []);
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
console.log(
  JSON.stringify({
    length: Number(length),
    ...compute,
    loss,
    seconds,
    plannedMiB: mebibytes(plannedBytes),
    peakMiB: mebibytes(await peak()),
  }),
);
await rm(outputDirectory, { recursive: true });
