/**
 * The reward `python`: a verifier that the user writes, `def reward(example, response)`, run in the sandbox.
 *
 * `WRITE_A_REWARD.md` says what it is given, what it may return and use. The response reaches it as text and never runs beside it.
 */
import { z } from 'zod';
import { InvalidReward, InvalidSpec } from '../errors.js';
import { at } from '../invariant.js';
import { type AnswerFormat, programFrom } from './answerFormat.js';
import { type NumberedPair, placeOf } from './batches.js';
import type { Reward, RewardTools } from './reward.js';
import type { AskedQuestion, Response, Score } from './samples.js';
import type { VerifierFailure } from './sandbox/outcome.js';
import { type JudgedOutcome, verify } from './sandbox/verify.js';
import { correctFromOption } from './scorers.js';
import { readScores } from './scores.js';

/** Temporal's history carries the source with each scoring. */
const mostCharacters = 20_000;

const options = z.strictObject({
  name: z
    .literal('python')
    .describe('A verifier of your own, `def reward(example, response)`, run in the sandbox: see “Write a reward”.'),
  source: z
    .string()
    .min(1)
    .max(mostCharacters)
    .describe(
      `The verifier: Python text, at most ${mostCharacters.toLocaleString('en')} characters. The command \`reft\` also takes \`file\`, a path, and puts the file’s text here when it starts a run.`,
    ),
  seconds: z
    .number()
    .min(0.1)
    .max(60)
    .default(2)
    .describe('Most processor time that the verifier may take for one response, programs that it runs not counted.'),
  correctFrom: correctFromOption,
});
export type PythonOptions = z.output<typeof options>;

/** Raised where the same verifier is to give other scores for the same responses. */
const edition = 1;

export const python = {
  options,
  /** @throws InvalidSpec where the verifier cannot be loaded, with its line. */
  async check(
    { source, seconds }: PythonOptions,
    { sandbox, signal }: Pick<RewardTools, 'sandbox' | 'signal'>,
  ): Promise<void> {
    const outcome = at(await sandbox.judge([{ source, seconds, given: null }], { signal }), 0);
    if ('ok' in outcome && !outcome.ok) throw new InvalidSpec(`reward.source: ${explain(outcome)}`);
  },
  score(
    examples: readonly AskedQuestion[],
    responses: readonly Response[],
    { source, seconds, correctFrom }: PythonOptions,
    tools: RewardTools,
  ): Promise<readonly Score[]> {
    const { format } = tools;
    return tools.scoreInBatches(examples, responses, {
      reward: 'python',
      edition,
      content: { source, seconds, correctFrom, format },
      most: { pairs: 128, bytes: 2 ** 24 },
      atOnce: 2,
      ask: async (pairs, { signal }) => {
        const judge = (cases: readonly NumberedPair[], textOf: (pair: NumberedPair) => string) =>
          verify(tools.sandbox, {
            source,
            seconds,
            cases: cases.map((pair) => ({
              example: exampleOf(pair.example),
              response: responseOf(textOf(pair), format),
            })),
            signal,
          });
        const outcomes = await judge(pairs, ({ response }) => response.text);
        const failed = pairs.flatMap((pair, index) => (isOverLimit(at(outcomes, index)) ? [pair] : []));
        const controls = await judge(failed, () => '');
        failed.forEach((pair, index) => {
          const control = at(controls, index);
          if (isOverLimit(control)) throw invalid(pair, `with an empty response as well, ${explain(control)}`);
        });
        return pairs.map((pair, index) => scoreOf(pair, at(outcomes, index), correctFrom));
      },
    });
  },
} satisfies Reward;

/** What the verifier gets as `example`. */
function exampleOf({ answer, answerValue, ...others }: AskedQuestion): Record<string, unknown> {
  return { ...others, answer: answer ?? null, answer_value: answerValue };
}

/** What the verifier gets as `response`: of a P-CoT answer the whole program. */
function responseOf(text: string, format: AnswerFormat): string {
  return format === 'program' ? programFrom(text) : text;
}

type Failed = Extract<JudgedOutcome, { readonly ok: false }>;

/** Failures that a response can bring about in a sound verifier, by its size or by what it makes the verifier work out. */
const overLimit: ReadonlySet<VerifierFailure> = new Set(['timeout', 'memory', 'crash']);

function isOverLimit(outcome: JudgedOutcome): outcome is Failed {
  return !outcome.ok && overLimit.has(outcome.failure);
}

function scoreOf(pair: NumberedPair, outcome: JudgedOutcome, correctFrom: number): Score {
  if (isOverLimit(outcome)) return { reward: 0, correct: false, value: null, failure: `verifier-${outcome.failure}` };
  if (!outcome.ok) throw invalid(pair, explain(outcome));
  return at(readScores({ reward: 'python', correctFrom }, [pair], [outcome.verdict]), 0);
}

function invalid(pair: NumberedPair, problem: string): InvalidReward {
  return new InvalidReward(`reward python, ${placeOf(pair)}: ${problem}`);
}

/** `line 3: ZeroDivisionError: division by zero`, in the words of whoever wrote line 3. */
function explain({ failure, detail }: Failed): string {
  if (failure === 'exception' || failure === 'verdict') return detail;
  return `${failure}${detail === '' ? '' : `: ${detail}`}`;
}
