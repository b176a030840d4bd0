/** The models that rollouts are measured on, as folders that our side and the peers load. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LlamaConfig } from '../../activities/engine/models/index.js';
import { randomWords } from '../../activities/engine/sampling/random.js';
import { importModel } from '../../activities/engine/tasks/importModel.js';
import { initialise } from '../../activities/engine/tasks/initialise.js';
import type { ModelFiles } from '../../activities/engine/weights/modelFiles.js';
import { readFolder } from '../../activities/pretrained/readFolder.js';

export const quiet = { onProgress: () => undefined, isCancelled: () => false };

export interface BenchModel {
  readonly files: ModelFiles;
  /** Hugging Face's config.json and model.safetensors. */
  readonly folder: string;
}

/** Runs with a folder that is gone afterwards. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'reft-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The demo's model at a width of 64, and one with twice as many layers at 128. */
export async function tinyModel(width: 64 | 128, folder: string): Promise<BenchModel> {
  const config: LlamaConfig = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: 150,
    hidden_size: width,
    intermediate_size: width * 2.5,
    num_hidden_layers: width / 32,
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
  const { files } = await initialise({ config, seed: 0, outputDirectory: folder }, quiet);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  return { files, folder };
}

/** SmolLM2-135M as it lies in the folder that `REFT_SMOLLM2` names, or null where it names none. */
export async function smolLm2(folder: string): Promise<BenchModel | null> {
  const directory = process.env.REFT_SMOLLM2;
  if (!directory) return null;
  const { config } = await readFolder(directory);
  await mkdir(folder, { recursive: true });
  const { files } = await importModel({ config, directory, outputDirectory: folder }, quiet);
  await copyFile(join(directory, 'config.json'), join(folder, 'config.json'));
  return { files, folder };
}

/** Made-up prompts, the same every time, of lengths evenly spread between the shortest and the longest. */
export function randomPrompts(count: number, vocabulary: number, shortest: number, longest = shortest): number[][] {
  return Array.from({ length: count }, (_, example) => {
    const length = shortest + (example % (longest - shortest + 1));
    return Array.from({ length }, (_, position) => {
      const [word = 0] = randomWords({ seed: 2, purpose: 'rollout', example, position });
      return 3 + (word % (vocabulary - 3));
    });
  });
}
