/**
 * The session of a decoding step. Which graph it runs depends on the size of the model and on whether it decodes one row only:
 * the formulas are the same, the memory layouts differ.
 *
 * Weights are fed, not copied, and a session serves every checkpoint of a model. The exception is a single answer of a large model,
 * whose steps do little but read weights. There the session stores them: onnxruntime packs stored weights so that they are read in
 * one stream, and a step takes a third less time. The copy is made once a checkpoint and takes as long as some hundred tokens.
 */
import type { Precision } from '../graph/precision.js';
import { cachePreferences } from '../graph/preferences.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import type { LanguageModel } from '../models/languageModel.js';
import { chosenDevice } from '../ort/devices.js';
import { type GraphSession, graphSession, releaseSession } from '../training/sessions.js';
import type { Parameters } from '../weights/parameters.js';
import { stepGraph } from './decoderGraphs.js';

export interface StepSession extends GraphSession {
  /** Whether weights must not be fed. */
  readonly storesWeights: boolean;
}

/**
 * From so many weights on they exceed processors' caches, and a step is faster with the weights on the left of their products: by a
 * third with 4 to 8 rows of a model of 135 million weights, by a quarter with 32. The number of rows does not choose the graph:
 * another graph rounds differently, and a sample would depend on how many others share its batch.
 */
const largeModel = 8_000_000;
/** More weights than these are not copied. */
const mostStored = 256_000_000;

function countWeights({ shapes }: LanguageModel): number {
  return shapes.reduce((total, [, shape]) => total + shape.reduce((product, size) => product * size, 1), 0);
}

export function isLarge(model: LanguageModel): boolean {
  return countWeights(model) >= largeModel;
}

/** @param isLone whether it decodes one row only, ever. */
export async function stepSession(
  config: ModelConfig,
  parameters: Parameters,
  greedy: boolean,
  isLone: boolean,
  precision: Precision,
  tempered = false,
): Promise<StepSession> {
  const weights = countWeights(languageModel(config));
  const isSmall = weights < largeModel;
  const { memory, preferences } = chosenDevice();
  const isWorthwhile = isLone && !isSmall && weights <= mostStored && precision === 'float32';
  // A session has its weights in this process's memory, and copies them to a device that has its own.
  const storesWeights = isWorthwhile && preferences.weightsOnTheLeft && memory === null;
  const place = isSmall || !preferences.weightsOnTheLeft ? 'right' : 'left';
  const key = `${greedy ? 'greedy' : tempered ? 'tempered' : 'sampling'} step ${precision} ${JSON.stringify(config)}`;
  const session = storesWeights
    ? await storedStep(`${key} of parameters ${numberOf(parameters)}`, config, parameters, greedy, tempered)
    : await graphSession(key, () => stepGraph(config, greedy, place, precision, preferences, tempered), {
        recorded: preferences.fixedSteps,
      });
  return { ...session, storesWeights };
}

/** The key of the only session that stores weights. The next one replaces it. */
let storedKey: string | undefined;

async function storedStep(key: string, config: ModelConfig, stored: Parameters, greedy: boolean, tempered: boolean) {
  if (storedKey !== undefined && storedKey !== key) await releaseSession(storedKey);
  storedKey = key;
  return graphSession(key, () => stepGraph(config, greedy, { stored }, 'float32', cachePreferences, tempered));
}

const numbers = new WeakMap<Parameters, number>();
let nextNumber = 0;

/** A number for the parameters' identity: while they are loaded they are one object, and never change. */
function numberOf(parameters: Parameters): number {
  const number = numbers.get(parameters) ?? nextNumber++;
  numbers.set(parameters, number);
  return number;
}
