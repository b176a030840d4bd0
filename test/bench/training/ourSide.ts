/**
 * Our side of a training benchmark, a process of its own as PyTorch's is: `ourSide.ts job.json` takes one optimiser step for each
 * line on standard input, and answers one JSON line when ready and one a step. Called by compare.ts.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { supervisedFeeds } from '../../../activities/engine/tasks/trainSupervised.js';
import { updateGraph } from '../../../activities/engine/training/graphs.js';
import { machineBudget } from '../../../activities/engine/training/memoryBudget.js';
import { buildObjective } from '../../../activities/engine/training/objectives.js';
import { stepGraphs, stepMemory, stepNeed } from '../../../activities/engine/training/stepMemory.js';
import { createTrainer } from '../../../activities/engine/training/trainer.js';
import type { Job, Ready, Step } from './job.js';
import { peakMemory } from './peakMemory.js';

const { model, batches, optimiser, learningRate }: Job = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8'));
const training = { objective: 'supervised', config: model.config, lora: model.adapters?.lora } as const;
const trainer = await createTrainer(training, model, optimiser);
const memory = stepMemory(stepGraphs(training, updateGraph(buildObjective(training), optimiser)), machineBudget());
const plannedBytes = Math.max(...batches.map((batch) => stepNeed(batch, memory).bytes));
const answer = (fields: object): void => {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
};
const peak = await peakMemory();
answer({ plannedBytes } satisfies Ready);
let next = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  const batch = batches[next++ % batches.length] ?? [];
  const started = performance.now();
  const answers = batch.reduce((total, sequence) => total + sequence.answer.length, 0);
  const microBatches = trainer.split(batch).map((group) =>
    supervisedFeeds(
      group.flatMap((index) => batch[index] ?? []),
      answers,
    ),
  );
  const { loss = Number.NaN } = await trainer.step(microBatches, learningRate);
  answer({ seconds: (performance.now() - started) / 1_000, loss, peakBytes: await peak() } satisfies Step);
}
