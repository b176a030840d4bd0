/** How far half precision is from float32 on a published model: what `precision.ts` prints, and what the test of SmolLM2 bounds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GenerateTask, generate } from '../../../activities/engine/sampling/generate.js';
import { importModel } from '../../../activities/engine/tasks/importModel.js';
import { scoreAnswers } from '../../../activities/engine/training/scoreAnswers.js';
import type { ComputeSettings, ModelFiles } from '../../../activities/engine/weights/modelFiles.js';
import { at, required } from '../../../activities/invariant.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { gradientsOf } from './gradients.js';

type Answers = GenerateTask['output']['answers'];
type Precision = ComputeSettings['precision'];

/** Between log-probabilities of the same tokens, in nats. */
interface Differences {
  readonly largest: number;
  readonly mean: number;
}

export interface PrecisionMeasures {
  readonly precision: Precision;
  /** Of the model's own answers, sampled in float32. */
  readonly loss: number;
  /** Against float32's: |loss / loss₃₂ − 1|. */
  readonly lossError: number;
  /** ‖g − g₃₂‖ / ‖g₃₂‖ of all gradients together, and of the weight where it is largest. */
  readonly gradientError: number;
  readonly worstGradientError: number;
  /** Greedy tokens up to the first that float32 chooses otherwise, of so many. */
  readonly greedyTokens: number;
  readonly ofTokens: number;
  /** Of these answers, against float32's. */
  readonly logProbs: Differences;
  /** Of answers sampled in this precision, between sampler and trainer. */
  readonly sampler: Differences;
}

const quiet = { onProgress: () => undefined, isCancelled: () => false };
const prompts = Array.from({ length: 8 }, (_, example) => ({
  example,
  tokens: [504 + 37 * example, 253 + 11 * example, 1_000 + 91 * example],
}));

/**
 * float32 first, which says how far the same computation is from itself.
 * @param directory a model as `model.from` names it.
 */
export async function* measurePrecision(directory: string): AsyncGenerator<PrecisionMeasures> {
  const outputDirectory = await mkdtemp(join(tmpdir(), 'reft-compute-'));
  try {
    const { config } = await readFolder(directory);
    const { files } = await importModel({ config, directory, outputDirectory }, quiet);
    const texts = sequencesOf(await answersOf(files, 1));
    const [full, greedy] = [computedIn(files, 'float32'), await answersOf(files, 0)];
    const expected = await gradientsOf(files, full.compute, texts);
    const scores = await scoreAnswers(files, texts);
    for (const precision of ['float32', 'bfloat16', 'float16'] as const) {
      const model = computedIn(files, precision);
      const { loss, tensors } = precision === 'float32' ? expected : await gradientsOf(files, model.compute, texts);
      const errors = Array.from(expected.tensors, ([name, data]) =>
        distance([required(tensors.get(name), name)], [data]),
      );
      const decoded = await answersOf(model, 0);
      const together = greedy.map(({ tokens }, index) => {
        const parting = tokens.findIndex((token, place) => token !== at(decoded, index).tokens[place]);
        return parting === -1 ? tokens.length : parting;
      });
      const sampled = await answersOf(model, 1);
      const trainer = await scoreAnswers(model, sequencesOf(sampled));
      const own = await scoreAnswers(model, texts);
      yield {
        precision,
        loss,
        lossError: Math.abs(loss / expected.loss - 1),
        gradientError: distance([...tensors.values()], [...expected.tensors.values()]),
        worstGradientError: Math.max(...errors),
        greedyTokens: together.reduce((sum, count) => sum + count, 0),
        ofTokens: greedy.reduce((sum, { tokens }) => sum + tokens.length, 0),
        logProbs: differences(own.map(({ logProbs }, index) => [logProbs, at(scores, index).logProbs] as const)),
        sampler: differences(sampled.map(({ logProbs }, index) => [logProbs, at(trainer, index).logProbs] as const)),
      };
    }
  } finally {
    await rm(outputDirectory, { recursive: true });
  }
}

function computedIn(files: ModelFiles, precision: Precision): ModelFiles & { readonly compute: ComputeSettings } {
  return { ...files, compute: { precision, recompute: false, attentionInBlocks: false } };
}

async function answersOf(model: ModelFiles, temperature: 0 | 1): Promise<Answers> {
  const random = { seed: 5, purpose: 'rollout', round: 2 } as const;
  const length = { maxAnswerTokens: 48, endTokens: [], padToken: 0 };
  return (await generate({ model, prompts, samples: 1, temperature, ...length, random }, quiet)).answers;
}

function sequencesOf(answers: Answers) {
  return answers.map(({ tokens }, index) => ({ prompt: at(prompts, index).tokens, answer: tokens }));
}

function differences(pairs: readonly (readonly [ArrayLike<number>, ArrayLike<number>])[]): Differences {
  const all = pairs.flatMap(([a, b]) => Array.from(a, (value, index) => Math.abs(value - at(b, index))));
  return { largest: Math.max(...all), mean: all.reduce((sum, one) => sum + one, 0) / all.length };
}

/** ‖a − b‖ / ‖b‖. */
function distance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let [difference, size] = [0, 0];
  for (const [index, array] of b.entries()) {
    const other = at(a, index);
    array.forEach((value, place) => {
      difference += ((other[place] ?? Number.NaN) - value) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(difference / size);
}
