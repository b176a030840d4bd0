/** A model ready to decode: the sessions of its two graphs, and its weights, which are fed to them and not copied. */
import type { Precision } from '../graph/precision.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import type { AttentionSizes } from '../models/languageModel.js';
import { chosenDevice } from '../ort/devices.js';
import { placeOnDevice } from '../ort/placement.js';
import { type BoundRun, runInPlace } from '../ort/runInPlace.js';
import type { Tensors } from '../ort/session.js';
import { float32, int32, int64 } from '../ort/tensors.js';
import { type GraphSession, graphSession } from '../training/sessions.js';
import type { Parameters } from '../weights/parameters.js';
import { prefillGraph } from './decoderGraphs.js';
import { fedWeights } from './fedWeights.js';
import { cacheTensors, type KeyValueCache } from './keyValueCache.js';
import { stepSession } from './stepSession.js';

export interface Decoder {
  readonly attention: AttentionSizes;
  /** That of its caches. */
  readonly precision: Precision;
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
  /** What it draws at; 1 where it is left out. */
  readonly temperature?: number;
  /** What it computes in; float32 where it is left out. */
  readonly precision?: Precision;
}

/** @throws InvalidModel when a parameter is missing. */
export async function createDecoder(
  config: ModelConfig,
  parameters: Parameters,
  { greedy, isLone = false, temperature = 1, precision = 'float32' }: DecoderOptions,
): Promise<Decoder> {
  const { attention, shapes } = languageModel(config);
  const { preferences } = chosenDevice();
  const key = `prefill ${precision} ${JSON.stringify(config)}`;
  const prefill = await graphSession(key, () => prefillGraph(config, precision, preferences));
  const tempered = !greedy && temperature !== 1;
  const step = await stepSession(config, parameters, greedy, isLone, precision, tempered);
  const weights = await fedWeights(shapes, parameters, precision);
  await placeOnDevice(weights);
  return {
    attention,
    precision,

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
        ...lengthFor(prefill, Int32Array.of(time)),
      };
      await runInPlace(prefill.session, feeds, present);
    },

    bindStep(cache, batch, rows) {
      const positions = batch.positions.subarray(0, rows);
      const totalLength = new Int32Array(1);
      const tokens = int64(batch.tokens.subarray(0, rows), [rows]);
      const { past, present } = cacheTensors(cache, 0, rows);
      const feeds: Tensors = {
        ...(step.storesWeights ? {} : weights),
        ...past,
        tokens,
        last_positions: int32(positions, [rows]),
        ...lengthFor(step, totalLength),
        ...(greedy ? {} : { uniforms: float32(batch.uniforms.subarray(0, rows), [rows]) }),
        ...(tempered ? { inverse_temperature: float32(Float32Array.of(1 / temperature), [1]) } : {}),
      };
      const results: Tensors = {
        ...present,
        next_tokens: tokens,
        log_probs: float32(batch.logProbs.subarray(0, rows), [rows]),
      };
      const { run, release } = step.session.bind(feeds, results);
      return {
        run() {
          // Rows say themselves how long they are. A recorded step reads this once.
          totalLength[0] = preferences.fixedSteps ? cache.capacity : Math.max(...positions) + 1;
          return run();
        },
        release,
      };
    },
  };
}

/** The input `total_length` of the graphs that have it. */
function lengthFor({ modelGraph }: GraphSession, length: Int32Array): Tensors {
  const isRead = modelGraph.graph.inputs.some(({ name }) => name === 'total_length');
  return isRead ? { total_length: int32(length, [1]) } : {};
}
