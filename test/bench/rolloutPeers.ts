/**
 * Sampling answers as a PPO rollout does (temperature 1, log-probabilities kept) against Hugging Face's `generate` and against
 * llama.cpp: the same weights in float32, the same prompts and number of tokens, the same number of threads, and nobody stops
 * early. Without `REFT_PEER_PYTHON` only our side is measured.
 */
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { threads } from '../../activities/engine/ort/session.js';
import type { GenerateTask } from '../../activities/engine/sampling/generate.js';
import { inTurns, ratios } from './pairs.js';
import { withSides } from './peers/peer.js';
import { type BenchmarkResult, median, rounded } from './result.js';
import { type BenchModel, inTemporaryFolder, randomPrompts, smolLm2, tinyModel } from './rolloutModels.js';

interface RolloutCase {
  readonly name: string;
  readonly floor: number;
  readonly script: 'rollout.py' | 'rollout_llama.py';
  readonly prompts: readonly (readonly number[])[];
  readonly samples: number;
  readonly answerTokens: number;
  readonly warmUps: number;
  readonly pairs: number;
}

const unit = 'tokens/s';
const stepSchema = z.object({ seconds: z.number() });
const versionsSchema = z.record(z.string(), z.string());

/** A model of the demo's kind, ragged prompts, against transformers. */
export function benchTinyRollout(width: 64 | 128, batch: number): () => Promise<BenchmarkResult> {
  const rollout: RolloutCase = {
    name: `rollout-d${width}-batch${batch}`,
    floor: 2,
    script: 'rollout.py',
    prompts: randomPrompts(batch, 150, 20, 34),
    samples: 1,
    answerTokens: 20,
    warmUps: 3,
    pairs: 20,
  };
  return () => inTemporaryFolder(async (folder) => compare(rollout, await tinyModel(width, folder), folder));
}

/** SmolLM2-135M, prompts of 100 tokens, `samples` answers to each, `batch` answers in all. */
export function benchSmolLm2Rollout(
  peer: 'transformers' | 'llama.cpp',
  batch: number,
  samples: number,
  floor: number,
): () => Promise<BenchmarkResult> {
  const name = `rollout-135m${peer === 'llama.cpp' ? '-llama' : ''}-batch${batch}${samples > 1 ? `-k${samples}` : ''}`;
  const rollout: RolloutCase = {
    name,
    floor,
    script: peer === 'transformers' ? 'rollout.py' : 'rollout_llama.py',
    prompts: randomPrompts(batch / samples, 49_152, 100),
    samples,
    answerTokens: 100,
    warmUps: 1,
    // Small batches are soon done, and their pairs differ most.
    pairs: batch > 8 ? 3 : batch > 1 ? 9 : 15,
  };
  return () =>
    inTemporaryFolder(async (folder) => {
      const model = await smolLm2(folder);
      if (!model)
        return { name, ours: Number.NaN, unit, note: 'skipped: set REFT_SMOLLM2 to a folder with SmolLM2-135M' };
      return compare(rollout, model, folder);
    });
}

/** Generated tokens a second, prompts' work included. */
async function compare(rollout: RolloutCase, { files, folder }: BenchModel, scratch: string): Promise<BenchmarkResult> {
  const { name, floor, prompts, samples, answerTokens, warmUps, pairs } = rollout;
  const [load = 0] = loadavg();
  const input: GenerateTask['input'] = {
    model: files,
    prompts: prompts.map((tokens, example) => ({ example, tokens })),
    samples,
    temperature: 1,
    maxAnswerTokens: answerTokens,
    // No such token: every answer has full length.
    endTokens: [files.config.vocab_size],
    padToken: files.config.pad_token_id,
    random: { seed: 1, purpose: 'rollout', round: 0 },
  };
  const rate = (seconds: readonly number[]): number =>
    rounded((prompts.length * samples * answerTokens) / median(seconds));
  const about = { name, unit, floor, batch: prompts.length * samples, samples, answerTokens, threads };

  const task = join(scratch, 'input.json');
  await writeFile(task, JSON.stringify(input));
  const job = join(scratch, 'job.json');
  await writeFile(job, JSON.stringify({ folder, prompts, samples, answerTokens, threads }));
  const ourSide = { script: new URL('./rolloutSide.ts', import.meta.url), job: task };
  return withSides(ourSide, { script: rollout.script, job }, async (our, peer) => {
    const ours = async (): Promise<number> => stepSchema.parse(await our.step()).seconds;
    const theirs = async (): Promise<number> => (peer ? stepSchema.parse(await peer.step()).seconds : Number.NaN);
    const measured = await inTurns(ours, theirs, warmUps, pairs);
    const metrics = { ...about, ours: rate(measured.ours), load: rounded(load) };
    if (!peer) return { ...metrics, note: 'no peer: set REFT_PEER_PYTHON' };
    const versions = Object.entries(versionsSchema.parse(peer.about)).map((entry) => entry.join(' '));
    return { ...metrics, peer: rate(measured.theirs), ...ratios(measured), versions: versions.join(', ') };
  });
}
