/**
 * What continuous batching gains where answers end at their own lengths: SVAMP questions answered by a model that was trained
 * on SVAMP's programs for a few epochs, against our own decoder in fixed batches, each of which goes on to its longest answer.
 */

import { toExamples } from '../../activities/data/examples.js';
import { promptText, templatePieces } from '../../activities/data/format.js';
import { loadQuestions } from '../../activities/data/sets/index.js';
import { loadTokenizer } from '../../activities/data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from '../../activities/data/tokenizer/trainTokenizer.js';
import type { LlamaConfig } from '../../activities/engine/models/index.js';
import { threads } from '../../activities/engine/ort/session.js';
import type { GenerateTask } from '../../activities/engine/sampling/generate.js';
import { generate } from '../../activities/engine/sampling/generate.js';
import { permutation } from '../../activities/engine/sampling/random.js';
import { initialise } from '../../activities/engine/tasks/initialise.js';
import { trainSupervised } from '../../activities/engine/tasks/trainSupervised.js';
import type { TokenSequence } from '../../activities/engine/training/layout.js';
import type { ModelFiles } from '../../activities/engine/weights/modelFiles.js';
import { at } from '../../activities/invariant.js';
import { dataSchema } from '../../workflows/config/data.js';
import { sourceAccess } from '../activities/data/sourceAccess.js';
import { generateInFixedBatches } from '../activities/engine/sampling/fixedBatches.js';
import { inTurns, ratios } from './pairs.js';
import { type BenchmarkResult, median, rounded } from './result.js';
import { inTemporaryFolder, quiet } from './rolloutModels.js';

const slots = 64;
const questions = 512;
const epochs = 4;
const batchSize = 32;
const warmUps = 1;
const pairs = 10;
const name = 'rollout-lengths';
const unit = 'tokens/s';

export async function benchRolloutLengths(): Promise<BenchmarkResult> {
  const directory = process.env.REFT_DATA_DIR;
  if (!directory) return { name, ours: Number.NaN, unit, note: 'skipped: set REFT_DATA_DIR' };
  return inTemporaryFolder(async (folder) => {
    const input = await svampRollout(directory, folder);
    const { answers } = await generate(input, quiet, { slots });
    const lengths = answers.map(({ tokens }) => tokens.length);
    const tokens = lengths.reduce((total, length) => total + length, 0);
    const measured = await inTurns(
      async () => (await generate(input, quiet, { slots })).work.seconds,
      async () => {
        const started = performance.now();
        await generateInFixedBatches(input, slots);
        return (performance.now() - started) / 1_000;
      },
      warmUps,
      pairs,
    );
    return {
      name,
      ours: rounded(tokens / median(measured.ours)),
      peer: rounded(tokens / median(measured.theirs)),
      unit,
      ...ratios(measured),
      floor: 1.3,
      questions,
      slots,
      meanLength: rounded(tokens / answers.length),
      longest: Math.max(...lengths),
      threads,
    };
  });
}

/** The preset `svamp` in small: its tokenizer, its model, a short warm-up, then a round's prompts with its limit on answers. */
async function svampRollout(directory: string, folder: string): Promise<GenerateTask['input']> {
  const style = { format: 'program', docstring: false } as const;
  const data = dataSchema.parse({ source: 'svamp', validation: 200 });
  const sets = await loadQuestions({ data, seed: 0, ...sourceAccess(directory) });
  const train = [...sets.train];
  const texts = train.flatMap(({ question, answer = '' }) => [promptText(question, style), answer]);
  const tokenizer = loadTokenizer(
    trainTokenizer(texts, { kind: 'bytePair', vocabularySize: 1_000, templates: templatePieces }),
  );
  const examples = [...toExamples(train, style, tokenizer)];
  const config: LlamaConfig = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: tokenizer.vocabularySize,
    hidden_size: 64,
    intermediate_size: 160,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 4,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
    rope_theta: 1_000,
    tie_word_embeddings: true,
    bos_token_id: null,
    eos_token_id: at(tokenizer.endTokens, 0),
    pad_token_id: tokenizer.padToken,
  };
  const sequences = examples.map(({ promptTokens, answerTokens = [] }) => ({
    prompt: promptTokens,
    answer: answerTokens,
  }));
  const untrained = await initialise({ config, seed: 0, outputDirectory: folder }, quiet);
  return {
    model: await warmUp(untrained.files, sequences, folder),
    prompts: examples.slice(0, questions).map(({ promptTokens }, example) => ({ example, tokens: promptTokens })),
    samples: 1,
    temperature: 1,
    maxAnswerTokens: 100,
    endTokens: tokenizer.endTokens,
    padToken: tokenizer.padToken,
    random: { seed: 1, purpose: 'rollout', round: 0 },
  };
}

async function warmUp(
  model: ModelFiles,
  sequences: readonly TokenSequence[],
  outputDirectory: string,
): Promise<ModelFiles> {
  const order = Array.from({ length: epochs }, (_, round) => [
    ...permutation(sequences.length, { seed: 0, purpose: 'order-warm-up', round }),
  ]).flat();
  const batches = Array.from({ length: Math.floor(order.length / batchSize) }, (_, batch) =>
    order.slice(batch * batchSize, (batch + 1) * batchSize).flatMap((index) => sequences[index] ?? []),
  );
  const optimiser = {
    name: 'adamw',
    learningRates: batches.map(() => 2e-3),
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-8,
    weightDecay: 0.01,
    maxGradNorm: 1,
  } as const;
  const { files } = await trainSupervised({ model, batches, optimiser, outputDirectory }, quiet);
  return files;
}
