/**
 * Decoding in fixed batches, written as simply as possible: every sample computes its own prompt, and a batch goes on until its last
 * answer has ended. Tests and benchmarks compare continuous batching with it.
 */

import { createDecoder, type Decoder, type StepArrays } from '../../../../activities/engine/sampling/decoder.js';
import type { GenerateTask } from '../../../../activities/engine/sampling/generate.js';
import { createCache } from '../../../../activities/engine/sampling/keyValueCache.js';
import { uniform } from '../../../../activities/engine/sampling/random.js';
import { loadModel } from '../../../../activities/engine/weights/modelFiles.js';

type Input = GenerateTask['input'];
export type SampledAnswer = Omit<GenerateTask['output']['answers'][number], 'truncated'>;

/** A task that samples three answers of up to 20 tokens to each prompt. */
export function samplingTask(
  { model, prompts }: Pick<Input, 'model' | 'prompts'>,
  changes: Partial<Input> = {},
): Input {
  return {
    model,
    prompts,
    samples: 3,
    temperature: 1,
    maxAnswerTokens: 20,
    endTokens: [1],
    padToken: 0,
    random: { seed: 5, purpose: 'rollout', round: 2 },
    ...changes,
  };
}

/** Answers in order of prompt, then sample. */
export async function generateInFixedBatches(input: Input, rows: number): Promise<readonly SampledAnswer[]> {
  const greedy = input.temperature === 0;
  const decoder = await createDecoder(input.model.config, await loadModel(input.model), { greedy });
  const waiting = input.prompts.flatMap(({ example, tokens: prompt }) =>
    Array.from({ length: input.samples }, (_, sample) => ({ example, sample, prompt })),
  );
  const answers: SampledAnswer[] = [];
  for (let start = 0; start < waiting.length; start += rows)
    answers.push(...(await decodeBatch(waiting.slice(start, start + rows), input, decoder)));
  return answers;
}

async function decodeBatch(
  batch: readonly { readonly example: number; readonly sample: number; readonly prompt: readonly number[] }[],
  { maxAnswerTokens, endTokens, random }: Input,
  decoder: Decoder,
): Promise<readonly SampledAnswer[]> {
  const longest = Math.max(...batch.map(({ prompt }) => prompt.length));
  const cache = await createCache(decoder.attention, batch.length, longest + maxAnswerTokens);
  const beginnings = batch.map(({ prompt }) => prompt.slice(0, -1));
  for (let row = 0; row < batch.length; row += 8) await decoder.prefill(cache, row, beginnings.slice(row, row + 8));
  const arrays: StepArrays = {
    tokens: BigInt64Array.from(batch, ({ prompt }) => BigInt(prompt.at(-1) ?? 0)),
    positions: Int32Array.from(batch, ({ prompt }) => prompt.length - 1),
    uniforms: new Float32Array(batch.length),
    logProbs: new Float32Array(batch.length),
  };
  const { run: step, release } = decoder.bindStep(cache, arrays, batch.length);
  const answers = batch.map(({ example, sample }) => ({
    example,
    sample,
    tokens: [] as number[],
    logProbs: [] as number[],
  }));
  for (let position = 0; position < maxAnswerTokens; position++) {
    if (answers.every(({ tokens }) => endTokens.includes(tokens.at(-1) ?? -1))) break;
    batch.forEach(({ example, sample }, row) => {
      arrays.uniforms[row] = uniform({ ...random, example, sample, position });
    });
    await step();
    answers.forEach(({ tokens, logProbs }, row) => {
      arrays.positions[row] = (arrays.positions[row] ?? 0) + 1;
      if (endTokens.includes(tokens.at(-1) ?? -1)) return;
      tokens.push(Number(arrays.tokens[row]));
      logProbs.push(arrays.logProbs[row] ?? Number.NaN);
    });
  }
  release();
  return answers;
}
