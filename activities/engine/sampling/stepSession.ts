/**
 * The session of a decoding step, by how large the model is and how many rows it decodes: the same numbers in different order.
 *
 * Weights are fed, not copied, and a session serves every checkpoint of a model. Only a lone answer of a large model, which does
 * little but read weights, has them stored in its session: onnxruntime lays them out to be read in one stream, by which a step
 * takes a third less time. The copy is made once for a checkpoint, in the time of some hundred tokens.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { languageModel } from '../models/architectures.js';
import type { ModelConfig } from '../models/configs/types.js';
import type { LanguageModel } from '../models/languageModel.js';
import { chosenDevice } from '../ort/devices.js';
import { graphSession, releaseSession } from '../training/sessions.js';
import type { Parameters } from '../weights/parameters.js';
import { stepGraph } from './decoderGraphs.js';

export interface StepSession {
  readonly session: InferenceSession;
  /** Whether weights are not to be fed. */
  readonly storesWeights: boolean;
}

/**
 * From so many weights on, which no processor's cache holds, a step is faster with the weights on the left of their products:
 * by a third at 4 to 8 rows of a model of 135 million, by a quarter at 32. Always the same graph for a batch, because another
 * would round differently, and a sample would depend on how many others are decoded beside it.
 */
const largeModel = 8_000_000;
/** Weights beyond this are not copied. */
const mostStored = 256_000_000;

function countWeights({ shapes }: LanguageModel): number {
  return shapes.reduce((total, [, shape]) => total + shape.reduce((product, size) => product * size, 1), 0);
}

export function isLarge(model: LanguageModel): boolean {
  return countWeights(model) >= largeModel;
}

/** @param isLone whether it will only ever decode one row. */
export async function stepSession(
  config: ModelConfig,
  parameters: Parameters,
  greedy: boolean,
  isLone: boolean,
): Promise<StepSession> {
  const weights = countWeights(languageModel(config));
  const isSmall = weights < largeModel;
  const storesWeights = isLone && !isSmall && weights <= mostStored && chosenDevice().name === 'cpu';
  const key = `${greedy ? 'greedy' : 'sampling'} step ${JSON.stringify(config)}`;
  const { session } = storesWeights
    ? await storedStep(`${key} of parameters ${numberOf(parameters)}`, config, parameters, greedy)
    : await graphSession(key, () => stepGraph(config, greedy, isSmall ? 'right' : 'left'));
  return { session, storesWeights };
}

/** The one session that stores weights: the next takes its place. */
let storedKey: string | undefined;

async function storedStep(key: string, config: ModelConfig, stored: Parameters, greedy: boolean) {
  if (storedKey !== undefined && storedKey !== key) await releaseSession(storedKey);
  storedKey = key;
  return graphSession(key, () => stepGraph(config, greedy, { stored }));
}

const numbers = new WeakMap<Parameters, number>();
let nextNumber = 0;

/** Loaded parameters are the same object as long as they are in memory, and are never changed. */
function numberOf(parameters: Parameters): number {
  const number = numbers.get(parameters) ?? nextNumber++;
  numbers.set(parameters, number);
  return number;
}
