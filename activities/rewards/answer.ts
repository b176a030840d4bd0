/**
 * The reward `answer`, the paper's (section 3.1): 1 where the answer equals the annotated one, a part of it where an answer can be
 * extracted but is wrong, 0 where none can.
 */
import { z } from 'zod';
import { at, required } from '../invariant.js';
import { type AnswerKind, programFrom } from './answerFormat.js';
import {
  type AnswerValue,
  type Comparison,
  comparisonFor,
  comparisonSchema,
  comparisonsOf,
  defaultComparison,
  sameAnswer,
} from './compareAnswers.js';
import { type Extraction, extractFromProgram, extractFromText } from './extractAnswer.js';
import type { JudgedData, Misfit, Reward, RewardTools } from './reward.js';
import type { AskedQuestion, Response, Score } from './samples.js';
import { extractions } from './statedAnswers.js';

const options = z.strictObject({
  name: z
    .literal('answer')
    .describe(
      'Compares the answer that the response states, or that its program returns, with the annotated one (paper, 3.1).',
    ),
  extraction: z
    .enum(extractions)
    .optional()
    .describe(
      'Where the answer stands: after the paper’s marker “Therefore, the answer is: ” (`marker`), in the last `\\boxed{}`, after `####`, the last number, the option letter that is named last, or the value that `solution()` returns (`program`). Left out, `program` with `data.cot: program` and else `marker` (paper, 3.1).',
    ),
  comparison: comparisonSchema
    .optional()
    .describe(
      'When two answers are the same; votes go by it too. Left out, it follows from the data’s answers: `numeric`, `choice` or `text`.',
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

  /** Where the last number is the answer, right answers are numbers. */
  comparison: ({ comparison, extraction }: AnswerOptions): Comparison | undefined =>
    comparison ?? (extraction === 'last-number' ? defaultComparison('number') : undefined),

  misfits({ extraction, comparison }: AnswerOptions, { format, answerKind, hasValues }: JudgedData): readonly Misfit[] {
    if (!hasValues)
      return [
        { field: ['name'], allowed: 'a reward of your own, where data.source.fields names no value to compare with' },
      ];
    const fitting = extractions.filter((name) =>
      format === 'program' ? name === 'program' : (answersOf[name] ?? answerKind) === answerKind && name !== 'program',
    );
    const comparisons = comparisonsOf[answerKind];
    return [
      ...(extraction === undefined || fitting.includes(extraction)
        ? []
        : [{ field: ['extraction'], allowed: `${oneOf(fitting)} with data.cot ${format} and ${answerKind} answers` }]),
      ...(comparison === undefined || comparisons.includes(comparison.name)
        ? []
        : [{ field: ['comparison', 'name'], allowed: `${oneOf(comparisons)} with ${answerKind} answers` }]),
    ];
  },

  async score(
    examples: readonly AskedQuestion[],
    responses: readonly Response[],
    { extraction, comparison, partialReward }: AnswerOptions,
    tools: RewardTools,
  ): Promise<readonly Score[]> {
    const texts = responses.map(({ text }) => text);
    const from = extraction ?? (tools.format === 'program' ? 'program' : 'marker');
    const extracted =
      from === 'program'
        ? await runAll(texts, comparison, tools)
        : texts.map((text) => extractFromText(text, tools.answerKind, { extraction: from, comparison }));
    return extracted.map((one, index) => ({
      ...rewardAnswer(
        one.value,
        required(at(examples, index).answerValue, 'the right answer'),
        partialReward,
        comparisonFor(tools.answerKind, comparison),
      ),
      value: one.value,
      ...(one.value === null ? { failure: one.failure } : {}),
    }));
  },
} satisfies Reward;

/** Extractions that fit one kind of answers only. */
const answersOf: Readonly<Partial<Record<(typeof extractions)[number], AnswerKind>>> = {
  'last-number': 'number',
  'choice-letter': 'choice',
};

function oneOf(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(' or ');
}

/** Rewards an extracted answer (null: nothing was extracted) against the annotated one. */
export function rewardAnswer(
  value: AnswerValue | null,
  expected: AnswerValue,
  partialReward: number,
  comparison?: Comparison,
): Pick<Score, 'correct' | 'reward'> {
  if (value === null) return { correct: false, reward: 0 };
  const correct = sameAnswer(value, expected, comparison);
  return { correct, reward: correct ? 1 : partialReward };
}

/** What the programs say, in order. One that occurs more than once, as greedy and easy answers do, runs once. */
async function runAll(
  texts: readonly string[],
  comparison: Comparison | undefined,
  { answerKind, sandbox, signal, onProgress }: RewardTools,
): Promise<readonly Extraction[]> {
  const distinct = [...new Set(texts)];
  const outcomes = await sandbox.run(distinct.map(programFrom), {
    signal,
    onProgress: (done) => onProgress(Math.floor((done / distinct.length) * texts.length)),
  });
  const byText = new Map(
    distinct.map((text, index) => [text, extractFromProgram(at(outcomes, index), answerKind, comparison)]),
  );
  return texts.map((text) => required(byText.get(text), 'the outcome of a program'));
}
