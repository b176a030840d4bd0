/** A model ready to decode: the sessions of its two graphs, and its weights, which are fed to them and not copied. */
import type { Tensor } from 'onnxruntime-node';
import { InvalidModel } from '../../errors.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import type { AttentionSizes, ParameterShapes } from '../models/languageModel.js';
import { type BoundRun, placeOnDevice, runInPlace } from '../ort/runInPlace.js';
import type { Tensors } from '../ort/session.js';
import { float32, int32, int64 } from '../ort/tensors.js';
import { graphSession } from '../training/sessions.js';
import type { Parameters } from '../weights/parameters.js';
import { prefillGraph } from './decoderGraphs.js';
import { cacheTensors, type KeyValueCache } from './keyValueCache.js';
import { stepSession } from './stepSession.js';

export interface Decoder {
  readonly attention: AttentionSizes;
  /** Computes keys and values of `prompts` into the cache, one prompt a row, from `firstRow` on. Rows of empty prompts are undefined. */
  prefill(cache: KeyValueCache, firstRow: number, prompts: readonly (readonly number[])[]): Promise<void>;
  /** Steps of the first `rows` rows of a batch: each `run` is one. */
  bindStep(cache: KeyValueCache, batch: StepArrays, rows: number): BoundRun;
}

/** Inputs and outputs of a step, one element a row. */
export interface StepArrays {
  /** In: the row's last token. Out: the next one. */
  readonly tokens: BigInt64Array;
  /** In: the last token's position. */
  readonly positions: Int32Array;
  /** In: a uniform number in [0, 1). A greedy decoder does not read it. */
  readonly uniforms: Float32Array;
  /** Out: the next token's log-probability. */
  readonly logProbs: Float32Array;
}

export interface DecoderOptions {
  /** Takes the most likely token instead of drawing one. */
  readonly greedy: boolean;
  /** Whether it decodes one row only, ever. */
  readonly isLone?: boolean;
}

/** @throws InvalidModel when a parameter is missing. */
export async function createDecoder(
  config: ModelConfig,
  parameters: Parameters,
  { greedy, isLone = false }: DecoderOptions,
): Promise<Decoder> {
  const { attention, shapes } = languageModel(config);
  const key = JSON.stringify(config);
  const { session: prefillSession } = await graphSession(`prefill ${key}`, () => prefillGraph(config));
  const { session, storesWeights } = await stepSession(config, parameters, greedy, isLone);
  const weights = weightTensors(shapes, parameters);
  await placeOnDevice(weights);
  return {
    attention,

    async prefill(cache, firstRow, prompts) {
      const time = Math.max(...prompts.map((prompt) => prompt.length));
      if (time === 0) return;
      const tokens = new BigInt64Array(prompts.length * time);
      prompts.forEach((prompt, row) => {
        prompt.forEach((token, column) => {
          tokens[row * time + column] = BigInt(token);
        });
      });
      const lastPositions = Int32Array.from(prompts, (prompt) => Math.max(prompt.length - 1, 0));
      const { past, present } = cacheTensors(cache, firstRow, prompts.length);
      const feeds: Tensors = {
        ...weights,
        ...past,
        tokens: int64(tokens, [prompts.length, time]),
        last_positions: int32(lastPositions, [prompts.length]),
        total_length: int32(Int32Array.of(time), [1]),
      };
      await runInPlace(prefillSession, feeds, present);
    },

    bindStep(cache, batch, rows) {
      const positions = batch.positions.subarray(0, rows);
      const totalLength = new Int32Array(1);
      const tokens = int64(batch.tokens.subarray(0, rows), [rows]);
      const { past, present } = cacheTensors(cache, 0, rows);
      const feeds: Tensors = {
        ...(storesWeights ? {} : weights),
        ...past,
        tokens,
        last_positions: int32(positions, [rows]),
        total_length: int32(totalLength, [1]),
        ...(greedy ? {} : { uniforms: float32(batch.uniforms.subarray(0, rows), [rows]) }),
      };
      const results: Tensors = {
        ...present,
        next_tokens: tokens,
        log_probs: float32(batch.logProbs.subarray(0, rows), [rows]),
      };
      const { run, release } = session.bind(feeds, results);
      return {
        run() {
          totalLength[0] = Math.max(...positions) + 1;
          return run();
        },
        release,
      };
    },
  };
}

function weightTensors(shapes: ParameterShapes, parameters: Parameters): Record<string, Tensor> {
  return Object.fromEntries(
    shapes.map(([name, shape]) => {
      const parameter = parameters.get(name);
      if (!parameter) throw new InvalidModel(`tensor ${name} is missing`);
      return [name, float32(parameter.data, shape)];
    }),
  );
}
