/**
 * One model in a process of its own: `modelSide.ts folder` reads the folder as `model.from` does, puts adapters on the model and takes
 * two optimiser steps. Prints one JSON line. Called by table.ts.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoraConfig } from '../../../activities/engine/lora/adapters.js';
import { readPublished } from '../../../activities/engine/models/index.js';
import { randomWords } from '../../../activities/engine/sampling/random.js';
import { addAdapters } from '../../../activities/engine/tasks/addAdapters.js';
import { importModel } from '../../../activities/engine/tasks/importModel.js';
import { supervisedFeeds } from '../../../activities/engine/tasks/trainSupervised.js';
import type { TokenSequence } from '../../../activities/engine/training/layout.js';
import { createTrainer } from '../../../activities/engine/training/trainer.js';
import { at } from '../../../activities/invariant.js';
import { peakMemory } from '../training/peakMemory.js';
import { batch, type ModelMeasures } from './measures.js';

const [, , folder = ''] = process.argv;
const quiet = { onProgress: () => undefined, isCancelled: () => false };
const lora: LoraConfig = { rank: 8, alpha: 16, targetModules: 'all-linear' };
const optimiser = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 } as const;

const { config } = readPublished(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')), 'config.json');
const peakOfImport = await peakMemory();
const started = performance.now();
const outputDirectory = join(folder, 'imported');
await mkdir(outputDirectory, { recursive: true });
const { files: base } = await importModel({ config, directory: folder, outputDirectory }, quiet);
const importSeconds = (performance.now() - started) / 1_000;
const importBytes = await peakOfImport();

const adapted = join(folder, 'adapted');
await mkdir(adapted, { recursive: true });
const { files: model } = await addAdapters({ model: base, lora, seed: 0, outputDirectory: adapted }, quiet);
const peak = await peakMemory();
const trainer = await createTrainer({ objective: 'supervised', config, lora }, model, optimiser);
const sequences = Array.from({ length: batch.sequences }, (_, row): TokenSequence => {
  const tokens = Array.from(
    { length: batch.promptTokens + batch.answerTokens },
    (_, position) =>
      at(randomWords({ seed: 1, purpose: 'generate-problems', example: row, position }), 0) % config.vocab_size,
  );
  return { prompt: tokens.slice(0, batch.promptTokens), answer: tokens.slice(batch.promptTokens) };
});
const answers = batch.sequences * batch.answerTokens;
let stepSeconds = 0;
for (let step = 0; step < 2; step++) {
  const begun = performance.now();
  const groups = trainer.split(sequences).map((group) => group.map((index) => at(sequences, index)));
  await trainer.step(
    groups.map((group) => supervisedFeeds(group, answers)),
    1e-4,
  );
  stepSeconds = (performance.now() - begun) / 1_000;
}
const measures: ModelMeasures = { importSeconds, importBytes, stepSeconds, stepBytes: await peak() };
console.log(JSON.stringify(measures));
