/**
 * The reward `answer`, the paper's (section 3.1): 1 where the answer equals the annotated one, a part of it where an answer can be
 * extracted but is wrong, 0 where none can.
 */
import { z } from 'zod';
import { at, required } from '../invariant.js';
import { programFrom } from './answerFormat.js';
import { sameAnswer } from './compareAnswers.js';
import { type AnswerValue, type Extraction, extractFromProgram, extractFromText } from './extractAnswer.js';
import type { Reward, RewardTools } from './reward.js';
import type { AskedQuestion, Response, Score } from './samples.js';

const options = z.strictObject({
  name: z
    .literal('answer')
    .describe(
      'Compares the answer that the response states, or that its program returns, with the annotated one (paper, 3.1).',
    ),
  partialReward: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe(
      'Reward of an answer that can be extracted but is wrong; a right one earns 1, none at all 0 (paper, 3.1: 0.1).',
    ),
});
export type AnswerOptions = z.output<typeof options>;

export const answer = {
  options,
  async score(
    examples: readonly AskedQuestion[],
    responses: readonly Response[],
    { partialReward }: AnswerOptions,
    tools: RewardTools,
  ): Promise<readonly Score[]> {
    const extractions = await extractAll(
      responses.map(({ text }) => text),
      tools,
    );
    return extractions.map((extraction, index) => ({
      ...rewardAnswer(extraction.value, at(examples, index).answerValue, partialReward),
      value: extraction.value,
      ...(extraction.value === null ? { failure: extraction.failure } : {}),
    }));
  },
} satisfies Reward;

/** Rewards an extracted answer (null: nothing was extracted) against the annotated one. */
export function rewardAnswer(
  value: AnswerValue | null,
  expected: AnswerValue,
  partialReward: number,
): Pick<Score, 'correct' | 'reward'> {
  if (value === null) return { correct: false, reward: 0 };
  return sameAnswer(value, expected) ? { correct: true, reward: 1 } : { correct: false, reward: partialReward };
}

/** What each text says, in order. A program that occurs more than once, as greedy and easy answers do, runs once. */
async function extractAll(
  texts: readonly string[],
  { format, answerKind, sandbox, signal, onProgress }: RewardTools,
): Promise<readonly Extraction[]> {
  if (format === 'natural') return texts.map((text) => extractFromText(text, answerKind));
  const distinct = [...new Set(texts)];
  const outcomes = await sandbox.run(distinct.map(programFrom), {
    signal,
    onProgress: (done) => onProgress(Math.floor((done / distinct.length) * texts.length)),
  });
  const byText = new Map(distinct.map((text, index) => [text, extractFromProgram(at(outcomes, index), answerKind)]));
  return texts.map((text) => required(byText.get(text), 'the outcome of a program'));
}
