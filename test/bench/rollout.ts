/**
 * Sampling answers as a PPO rollout does (ragged prompts, temperature 1, log-probabilities kept) against Hugging Face's
 * `generate`: the same weights, prompts and number of tokens, the same number of threads, nobody stops early.
 *
 * Both sides take turns in one run, so a busy machine slows both. Without `REFT_PEER_PYTHON` only our side is measured.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { GenerateTask, LlamaConfig } from '../../activities/engine/api.js';
import { threads } from '../../activities/engine/runtime/session.js';
import { generate } from '../../activities/engine/sampling/generate.js';
import { randomWords } from '../../activities/engine/sampling/random.js';
import { initialise } from '../../activities/engine/tasks/initialise.js';
import { startPeer } from './peers/peer.js';
import { type BenchmarkResult, median, rounded } from './result.js';

/** The demo's model. */
const config: LlamaConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 150,
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
  rope_theta: 1_000,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: 1,
  pad_token_id: 0,
};
const questions = 250;
const shortestPrompt = 20;
const longestPrompt = 34;
const answerTokens = 20;

const warmUps = 2;
const pairs = 12;
/** Lets the other side's threads stop spinning. */
const pauseMilliseconds = 100;

const aboutSchema = z.object({ torch: z.string(), transformers: z.string() });
const stepSchema = z.object({ seconds: z.number() });
const quiet = { onProgress: () => undefined, isCancelled: () => false };

/** Generated tokens a second, prompts' work included. */
export async function benchRollout(): Promise<BenchmarkResult> {
  const [load = 0] = loadavg();
  const folder = await mkdtemp(join(tmpdir(), 'reft-bench-'));
  try {
    const { files } = await initialise({ config, seed: 0, outputDirectory: folder }, quiet);
    const prompts = randomPrompts();
    const job = join(folder, 'job.json');
    await writeFile(job, JSON.stringify({ config, parameters: files.parameters, prompts, answerTokens, threads }));
    const input: GenerateTask['input'] = {
      model: files,
      prompts: prompts.map((tokens, example) => ({ example, tokens })),
      samples: 1,
      temperature: 1,
      maxAnswerTokens: answerTokens,
      // No such token: every answer has full length.
      endToken: config.vocab_size,
      padToken: config.pad_token_id,
      random: { seed: 1, purpose: 'rollout', round: 0 },
    };
    const python = process.env.REFT_PEER_PYTHON;
    const peer = python ? await startPeer(python, 'rollout.py', [job]) : null;
    const ourSeconds: number[] = [];
    const peerSeconds: number[] = [];
    try {
      for (let run = 0; run < warmUps + pairs; run++) {
        await pause(pauseMilliseconds);
        const { work } = await generate(input, quiet);
        await pause(pauseMilliseconds);
        const their = peer && stepSchema.parse(await peer.step());
        if (run < warmUps) continue;
        ourSeconds.push(work.seconds);
        if (their) peerSeconds.push(their.seconds);
      }
    } finally {
      await peer?.close();
    }
    const rate = (seconds: number): number => rounded((questions * answerTokens) / seconds);
    const ours = {
      name: 'rollout',
      ours: rate(median(ourSeconds)),
      unit: 'tokens/s',
      floor: 1.5,
      questions,
      answerTokens,
      threads,
      load: rounded(load),
    };
    if (!peer) return { ...ours, note: 'set REFT_PEER_PYTHON to a Python with torch' };
    const { torch, transformers } = aboutSchema.parse(peer.about);
    return {
      ...ours,
      peer: rate(median(peerSeconds)),
      ratio: rounded(median(peerSeconds.map((seconds, pair) => seconds / (ourSeconds[pair] ?? Number.NaN)))),
      versions: `torch ${torch}, transformers ${transformers}`,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Made-up prompts, the same every time, of lengths evenly spread between the shortest and the longest. */
function randomPrompts(): number[][] {
  return Array.from({ length: questions }, (_, example) => {
    const length = shortestPrompt + (example % (longestPrompt - shortestPrompt + 1));
    return Array.from({ length }, (_, position) => {
      const [word = 0] = randomWords({ seed: 2, purpose: 'rollout', example, position });
      return 2 + (word % (config.vocab_size - 2));
    });
  });
}
