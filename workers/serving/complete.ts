/** Answers to a prompt as clients get them: text up to a stop string, piece by piece, and why it ended. */
import { answerLive, endedItself } from '../../activities/engine/sampling/answerLive.js';
import { at } from '../../activities/invariant.js';
import type { ServedModel } from './openModel.js';
import type { Prompt } from './prompts.js';
import { createTextStream, type Piece } from './textStream.js';

export interface Settings {
  /** How many answers. */
  readonly n: number;
  readonly temperature: number;
  /** Most tokens of an answer. */
  readonly limit: number;
  readonly stops: readonly string[];
  readonly seed: number;
}

/** A further part of an answer. */
export interface Delta {
  /** Which of the answers. */
  readonly index: number;
  readonly text: string;
  readonly pieces: readonly Piece[];
}

export interface Ended {
  /** Whether it ended by itself or at a stop string; otherwise at the limit. */
  readonly reason: 'stop' | 'length';
  /** Generated, the end token included. */
  readonly tokens: number;
}

/**
 * @param onDelta told of each part that is certain
 * @returns how each answer ended, in order
 * @throws InvalidData when the prompt does not fit; the signal's reason
 */
export async function complete(
  model: ServedModel,
  prompt: Prompt,
  { n, temperature, limit, stops, seed }: Settings,
  onDelta: (delta: Delta) => void,
  signal: AbortSignal,
): Promise<readonly Ended[]> {
  const { tokenizer, endTokens } = model;
  const streams = Array.from({ length: n }, () => createTextStream((tokens) => tokenizer.decode(tokens), stops));
  const tell = (index: number): void => {
    const { text, pieces } = at(streams, index).take();
    if (text !== '' || pieces.length > 0) onDelta({ index, text, pieces });
  };
  const answers = await answerLive(model, {
    prompt: prompt.tokens,
    samples: n,
    temperature,
    limit,
    endTokens,
    seed,
    signal,
    onToken(answer) {
      if (endedItself(answer, endTokens)) return false;
      const stream = at(streams, answer.sample);
      stream.push(answer.tokens, at(answer.logProbs, -1));
      tell(answer.sample);
      return !stream.isStopped;
    },
  });
  return answers.map((answer, index): Ended => {
    const stream = at(streams, index);
    if (!stream.isStopped) stream.end();
    tell(index);
    const isStop = stream.isStopped || endedItself(answer, endTokens);
    return { reason: isStop ? 'stop' : 'length', tokens: answer.tokens.length };
  });
}
