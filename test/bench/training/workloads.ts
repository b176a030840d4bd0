/**
 * What the training benchmarks run: a model, its batches, and whether every weight or LoRA adapters are trained.
 *
 * Dense workloads have equal lengths and predict every token, and the peer's AdamW is what PyTorch gives when nothing else is
 * asked for; those of SVAMP are a run's real batches, as ragged as they come, with the loss on answers only, and the peer's AdamW
 * is the fused one, as in transformers' trainer.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toExamples } from '../../../activities/data/examples.js';
import { promptText, templatePieces } from '../../../activities/data/format.js';
import type { Question } from '../../../activities/data/questions.js';
import { loadQuestions } from '../../../activities/data/sets/index.js';
import { loadTokenizer, type Tokenizer } from '../../../activities/data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from '../../../activities/data/tokenizer/trainTokenizer.js';
import type { LoraConfig } from '../../../activities/engine/lora/adapters.js';
import type { LlamaConfig } from '../../../activities/engine/models/index.js';
import { permutation, randomWords } from '../../../activities/engine/sampling/random.js';
import { addAdapters } from '../../../activities/engine/tasks/addAdapters.js';
import { importModel } from '../../../activities/engine/tasks/importModel.js';
import { initialise } from '../../../activities/engine/tasks/initialise.js';
import type { TokenSequence } from '../../../activities/engine/training/layout.js';
import type { ModelFiles } from '../../../activities/engine/weights/modelFiles.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { sourceAccess } from '../../activities/data/sourceAccess.js';

export interface Batches {
  readonly files: ModelFiles;
  /** Both sides take them in turn. */
  readonly batches: readonly (readonly TokenSequence[])[];
}

export interface Workload {
  readonly name: string;
  /** Steps measured on each side, after those that warm up: every batch several times. */
  readonly warmUps: number;
  readonly pairs: number;
  /** Least ratio of the peer's time to ours; left out where it is only looked at. */
  readonly floor?: number;
  /** Whether the peer updates all parameters in one fused pass. */
  readonly fusedAdamW: boolean;
  /** Environment variables it cannot do without. */
  readonly needs: readonly string[];
  readonly prepare: (folder: string) => Promise<Batches>;
}

const quiet = { onProgress: () => undefined, isCancelled: () => false };
const lora: LoraConfig = { rank: 16, alpha: 32, targetModules: 'all-linear' };

function llama(sizes: {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly heads: number;
}): LlamaConfig {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: sizes.vocabulary,
    hidden_size: sizes.hidden,
    intermediate_size: sizes.intermediate,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.heads,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    bos_token_id: null,
    eos_token_id: 1,
    pad_token_id: 0,
  };
}

const demoSizes = { hidden: 64, intermediate: 160, layers: 2, heads: 4 };

const fresh = async (config: LlamaConfig, outputDirectory: string): Promise<ModelFiles> =>
  (await initialise({ config, seed: 0, outputDirectory }, quiet)).files;

export async function smollm2(folder: string, adapted: boolean): Promise<ModelFiles> {
  const directory = process.env.REFT_SMOLLM2 ?? '';
  const { config } = await readFolder(directory);
  const { files } = await importModel({ config, directory, outputDirectory: join(folder, 'base') }, quiet);
  if (!adapted) return files;
  const outputDirectory = join(folder, 'adapted');
  await mkdir(outputDirectory, { recursive: true });
  return (await addAdapters({ model: files, lora, seed: 0, outputDirectory }, quiet)).files;
}

/** One batch of made-up tokens, the same every time; every token but the first is predicted. */
export function dense(files: ModelFiles, batch: number, time: number): Batches {
  const { vocab_size: vocabulary } = files.config;
  const sequences = Array.from({ length: batch }, (_, example): TokenSequence => {
    const [first = 0, ...answer] = Array.from({ length: time + 1 }, (_, position) => {
      const [word = 0] = randomWords({ seed: 0, purpose: 'rollout', example, position });
      return 2 + (word % (vocabulary - 2));
    });
    return { prompt: [first], answer };
  });
  return { files, batches: [sequences] };
}

const style = { format: 'program', docstring: false } as const;

/** Batches of SVAMP's training questions with their programs, in a run's random order. */
async function svampBatches(
  tokenizerFor: (questions: readonly Question[]) => Promise<Tokenizer>,
  size: number,
  count: number,
): Promise<{ readonly batches: readonly TokenSequence[][]; readonly vocabulary: number }> {
  const data = dataSchema.parse({ source: 'svamp', cot: style.format, validation: 200 });
  const sets = await loadQuestions({ data, seed: 0, ...sourceAccess(process.env.REFT_DATA_DIR) });
  const train = [...sets.train];
  const tokenizer = await tokenizerFor(train);
  const order = [...permutation(train.length, { seed: 0, purpose: 'order-warm-up' })].slice(0, size * count);
  const chosen = order.flatMap((index) => train[index] ?? []);
  const examples = [...toExamples(chosen, style, tokenizer)];
  const sequences = examples.map(({ promptTokens, answerTokens = [] }) => ({
    prompt: promptTokens,
    answer: answerTokens,
  }));
  return {
    batches: Array.from({ length: count }, (_, batch) => sequences.slice(batch * size, (batch + 1) * size)),
    vocabulary: tokenizer.vocabularySize,
  };
}

async function smollm2Tokenizer(): Promise<Tokenizer> {
  const directory = process.env.REFT_SMOLLM2 ?? '';
  const { special } = await readFolder(directory);
  return loadTokenizer(JSON.parse(await readFile(join(directory, 'tokenizer.json'), 'utf8')), special);
}

/** As the preset `svamp` trains its own. */
async function svampTokenizer(questions: readonly Question[]): Promise<Tokenizer> {
  const texts = questions.flatMap(({ question, answer = '' }) => [promptText(question, style), answer]);
  return loadTokenizer(trainTokenizer(texts, { kind: 'bytePair', vocabularySize: 1_000, templates: templatePieces }));
}

export const workloads: readonly Workload[] = [
  {
    name: 'training-tiny',
    warmUps: 3,
    pairs: 20,
    floor: 1.1,
    fusedAdamW: false,
    needs: [],
    prepare: async (folder) =>
      dense(
        await fresh(llama({ vocabulary: 512, hidden: 256, intermediate: 688, layers: 4, heads: 4 }), folder),
        32,
        96,
      ),
  },
  {
    name: 'training-30m',
    warmUps: 2,
    pairs: 8,
    floor: 1.05,
    fusedAdamW: false,
    needs: [],
    prepare: async (folder) =>
      dense(
        await fresh(llama({ vocabulary: 8_192, hidden: 512, intermediate: 1_376, layers: 8, heads: 8 }), folder),
        16,
        128,
      ),
  },
  {
    // The demo's model and batch, where what surrounds the matrix products counts.
    name: 'training-demo',
    warmUps: 5,
    pairs: 40,
    floor: 1.1,
    fusedAdamW: false,
    needs: [],
    prepare: async (folder) => dense(await fresh(llama({ vocabulary: 113, ...demoSizes }), folder), 16, 47),
  },
  {
    name: 'training-135m',
    warmUps: 1,
    pairs: 6,
    floor: 1.3,
    fusedAdamW: false,
    needs: ['REFT_SMOLLM2'],
    prepare: async (folder) => dense(await smollm2(folder, false), 2, 160),
  },
  {
    // Where the update weighs most: a tenth of the peer's step.
    name: 'training-135m-fused',
    warmUps: 1,
    pairs: 6,
    fusedAdamW: true,
    needs: ['REFT_SMOLLM2'],
    prepare: async (folder) => dense(await smollm2(folder, false), 2, 160),
  },
  {
    name: 'training-135m-lora',
    warmUps: 1,
    pairs: 8,
    floor: 1.3,
    fusedAdamW: false,
    needs: ['REFT_SMOLLM2'],
    prepare: async (folder) => dense(await smollm2(folder, true), 2, 160),
  },
  {
    name: 'training-svamp-135m',
    warmUps: 3,
    pairs: 9,
    floor: 1.6,
    fusedAdamW: true,
    needs: ['REFT_SMOLLM2', 'REFT_DATA_DIR'],
    prepare: async (folder) => ({
      files: await smollm2(folder, false),
      batches: (await svampBatches(smollm2Tokenizer, 8, 3)).batches,
    }),
  },
  {
    name: 'training-svamp-135m-lora',
    warmUps: 2,
    pairs: 6,
    floor: 1.6,
    fusedAdamW: true,
    needs: ['REFT_SMOLLM2', 'REFT_DATA_DIR'],
    prepare: async (folder) => ({
      files: await smollm2(folder, true),
      batches: (await svampBatches(smollm2Tokenizer, 16, 2)).batches,
    }),
  },
  {
    name: 'training-svamp-demo',
    warmUps: 8,
    pairs: 40,
    floor: 1.6,
    fusedAdamW: true,
    needs: ['REFT_DATA_DIR'],
    prepare: async (folder) => {
      const { batches, vocabulary } = await svampBatches(svampTokenizer, 32, 8);
      return { files: await fresh(llama({ vocabulary, ...demoSizes }), folder), batches };
    },
  },
];
