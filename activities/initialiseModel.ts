/** The activity `initialiseModel`: a model from scratch, sized by the spec, with the prepared data's vocabulary. */
import { ApplicationFailure } from '@temporalio/common';
import type { ComputeSpec } from '../workflows/config/compute.js';
import type { LoraSpec } from '../workflows/config/lora.js';
import type { ScratchModelSpec } from '../workflows/config/model.js';
import type { PreparedData } from './data/types.js';
import type { LlamaConfig } from './engine/models/index.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { at } from './invariant.js';
import type { CheckpointRef } from './store/types.js';
import { type EngineDependencies, withOutputDirectory } from './trainingSteps.js';
import { writeStartingModel } from './writeStartingModel.js';

export interface InitialiseModelInput {
  readonly model: ScratchModelSpec;
  readonly lora: LoraSpec | null;
  readonly compute: ComputeSpec;
  readonly data: PreparedData;
  readonly seed: number;
}

/** @throws ApplicationFailure of type InvalidSpec when the data's longest sequence does not fit the model. */
export function createInitialiseModel(dependencies: EngineDependencies) {
  const { engine, workDirectory } = dependencies;
  return async ({ model, lora, compute, data, seed }: InitialiseModelInput): Promise<CheckpointRef> => {
    const config = configOfScratch(model, data);
    return heartbeatWhile('tensors', (onProgress, signal) =>
      withOutputDirectory(workDirectory, async (outputDirectory) => {
        const context = { onProgress, signal };
        const { files: base } = await engine.run('initialise', { config, seed, outputDirectory }, context);
        const start = { base, lora, compute, seed, tokenizer: data.tokenizer, purpose: 'initialise' } as const;
        return writeStartingModel(dependencies, start, outputDirectory, context);
      }),
    );
  };
}

/**
 * The shapes of a model from scratch, with the vocabulary of its data.
 * @throws ApplicationFailure of type InvalidSpec when the data's longest sequence does not fit the model.
 */
export function configOfScratch(
  model: ScratchModelSpec,
  data: Pick<PreparedData, 'longestPrompt' | 'longestAnswer' | 'vocabularySize' | 'endTokens' | 'padToken'>,
): LlamaConfig {
  const longest = data.longestPrompt + data.longestAnswer;
  if (longest > model.maxPositions)
    throw ApplicationFailure.nonRetryable(
      `model.maxPositions is ${model.maxPositions}, but the longest prompt and answer of the data need at least ${longest} tokens`,
      'InvalidSpec',
    );
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: data.vocabularySize,
    hidden_size: model.hiddenSize,
    intermediate_size: model.intermediateSize,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    num_key_value_heads: model.keyValueHeads,
    max_position_embeddings: model.maxPositions,
    rms_norm_eps: model.normEpsilon,
    rope_theta: model.ropeBase,
    tie_word_embeddings: model.tiedHead,
    bos_token_id: null,
    eos_token_id: at(data.endTokens, 0),
    pad_token_id: data.padToken,
  };
}
