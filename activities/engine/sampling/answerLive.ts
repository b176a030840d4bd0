/** Answers to one prompt, told token by token while they grow: for a model that is asked, not trained. */
import { setImmediate } from 'node:timers/promises';
import { InvalidData } from '../../errors.js';
import { at } from '../../invariant.js';
import type { Precision } from '../graph/precision.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import { machineBudget } from '../training/memoryBudget.js';
import type { Parameters } from '../weights/parameters.js';
import { type Answer, decode } from './continuousBatch.js';
import { createDecoder } from './decoder.js';
import { rowsTogether } from './generate.js';

export interface LiveModel {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  readonly precision: Precision;
}

export interface LiveRequest {
  readonly prompt: readonly number[];
  /** How many answers. */
  readonly samples: number;
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Most tokens of an answer. */
  readonly limit: number;
  readonly endTokens: readonly number[];
  /** The same seed gives the same answers. */
  readonly seed: number;
  /** Told of each token, the last in the answer's list. False ends the answer there. */
  readonly onToken: (answer: LiveAnswer) => boolean;
  readonly signal: AbortSignal;
}

/** Log-probabilities are the model's own, in nats, whatever the temperature. */
export type LiveAnswer = Pick<Answer, 'sample' | 'tokens' | 'logProbs'>;

/**
 * All samples in one batch, of which each is as if it were alone. Between two steps the thread is free for others.
 * @throws InvalidData when there is no room for an answer behind the prompt
 * @throws the signal's reason
 */
export async function answerLive(model: LiveModel, request: LiveRequest): Promise<readonly LiveAnswer[]> {
  const { config, parameters, precision } = model;
  const { prompt, samples, temperature, signal } = request;
  const { attention, positions } = languageModel(config);
  if (prompt.length === 0) throw new InvalidData('the prompt has no tokens');
  const limit = Math.min(request.limit, positions - prompt.length);
  if (limit < 1)
    throw new InvalidData(`the prompt has ${prompt.length} tokens, the model takes at most ${positions - 1}`);
  const answers = Array.from({ length: samples }, (_, sample): Answer => {
    return { example: 0, sample, prompt, limit, tokens: [], logProbs: [] };
  });
  const capacity = prompt.length + limit;
  const greedy = temperature === 0;
  const decoder = await createDecoder(config, parameters, { greedy, isLone: samples === 1, temperature, precision });
  await decode(answers, {
    decoder,
    slots: rowsTogether(attention, capacity, precision, machineBudget()),
    capacity,
    endTokens: request.endTokens,
    random: { seed: request.seed, purpose: 'serve' },
    safePoint: () => signal.throwIfAborted(),
    onEnded: () => undefined,
    onToken: request.onToken,
    afterStep: () => setImmediate(),
  });
  return answers;
}

/** Whether an answer ended by itself, with an end token. */
export function endedItself({ tokens }: LiveAnswer, endTokens: readonly number[]): boolean {
  return tokens.length > 0 && endTokens.includes(at(tokens, -1));
}
