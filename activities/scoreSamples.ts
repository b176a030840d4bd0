/**
 * The activity `scoreSamples`: decodes generated answers, asks the specification's reward what each is worth, and stores the
 * answers with their scores.
 *
 * It knows no reward: `rewards/index.ts` finds the one that the specification names. Same samples, same bytes.
 */
import { z } from 'zod';
import { askActivity } from './askActivity.js';
import { createAskHttp } from './askHttp.js';
import { bounded, lengthToEnd, loadTokenizer, totalLength } from './data/tokenizer/loadTokenizer.js';
import type { DataSetRef } from './data/types.js';
import { InvalidData } from './errors.js';
import { type Examples, readExamples } from './examples.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { at } from './invariant.js';
import type { AnswerFormat, AnswerKind } from './rewards/answerFormat.js';
import { type RewardSpec, rewardNamed } from './rewards/index.js';
import { totalParts } from './rewards/parts.js';
import type { AskedQuestion, PartTotal, Response, Sample, Score, ScoredSample } from './rewards/samples.js';
import type { SandboxPool } from './rewards/sandbox/pool.js';
import { checkScores } from './rewards/scores.js';
import { createScoreInBatches } from './scoreInBatches.js';
import { eachInForm } from './store/inForm.js';
import type { ObjectRef, Store } from './store/types.js';

export interface ScoreSamplesInput {
  readonly samples: ObjectRef;
  readonly data: DataSetRef;
  readonly reward: RewardSpec;
  readonly tokenizer: ObjectRef;
  readonly endTokens: readonly number[];
  readonly padToken: number;
  readonly format: AnswerFormat;
  readonly answerKind: AnswerKind;
}

export interface ScoreSamplesResult {
  /** Lines of `ScoredSample`, in the samples' order. */
  readonly scored: ObjectRef;
  readonly count: number;
  readonly correct: number;
  readonly extracted: number;
  readonly meanReward: number;
  /** Sum of the rewards of the correct answers. */
  readonly rewardOfCorrect: number;
  /** Samples with nothing extracted, counted by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Multiple choice: how many samples name each option letter. Empty for numbers. */
  readonly choices: Readonly<Record<string, number>>;
  /** The reward's parts by name, over the samples that have them. */
  readonly parts: Readonly<Record<string, PartTotal>>;
  readonly seconds: number;
}

export interface ScoringDependencies {
  readonly store: Store;
  readonly sandbox: Pick<SandboxPool, 'run' | 'judge'>;
  /** The worker's, which has what scorers ask for as a header. */
  readonly environment: NodeJS.ProcessEnv;
}

/** An annotator's answer comes as a text, without tokens. */
type Drawn = Sample & { readonly text?: string };

const sampleSchema: z.ZodType<Drawn> = z.object({
  example: z.int(),
  sample: z.int(),
  tokens: z.array(z.number()),
  logProbs: z.array(z.number()),
  truncated: z.boolean(),
  text: z.string().exactOptional(),
});

/**
 * @throws InvalidData when a sample is of a question that the data set does not have, InvalidReward when the reward breaks its
 * contract (see `rewards/reward.ts`), and whatever the reward throws.
 */
export function createScoreSamples({ store, sandbox, environment }: ScoringDependencies) {
  const scorers = { http: createAskHttp(environment), activity: askActivity };
  return (input: ScoreSamplesInput): Promise<ScoreSamplesResult> =>
    heartbeatWhile('answers', async (report, signal) => {
      const started = performance.now();
      const [lines, all, tokenizerJson] = await Promise.all([
        store.getLines(input.samples),
        readExamples(store, input.data),
        store.getJson(input.tokenizer),
      ]);
      const tokenizer = loadTokenizer(tokenizerJson, input);
      const samples = eachInForm(sampleSchema, lines, input.samples.key, 'samples').map((sample) =>
        upToEnd(sample, input.endTokens),
      );
      const responses = bounded(totalLength(samples.map(({ tokens }) => tokens)), () =>
        samples.map((sample): Response => ({ ...sample, text: sample.text ?? tokenizer.decode(sample.tokens) })),
      );
      const examples = responses.map((response, index) => questionOf(response, index, all));
      const { format, answerKind, reward } = input;
      const onProgress = (done: number): void => report(done, responses.length);
      const scoreInBatches = createScoreInBatches(store, { signal, onProgress });
      const tools = { format, answerKind, sandbox, scorers, signal, onProgress, scoreInBatches };
      const scores = await rewardNamed(reward.name).score(examples, responses, reward, tools);
      const asked = responses.map(({ sample }, index) => ({ example: at(examples, index), sample }));
      const scored = addScores(responses, checkScores(reward.name, asked, scores));
      return {
        scored: await store.putLines(scored),
        ...summarise(scored, answerKind),
        seconds: (performance.now() - started) / 1_000,
      };
    });
}

/** What stands behind the first end token is no part of an answer: nothing is read from it, and nothing trained on it. */
function upToEnd(sample: Drawn, endTokens: readonly number[]): Drawn {
  const length = lengthToEnd(sample.tokens, endTokens);
  if (length === sample.tokens.length) return sample;
  return {
    ...sample,
    tokens: sample.tokens.slice(0, length),
    logProbs: sample.logProbs.slice(0, length),
    truncated: false,
  };
}

/** A sample's question as rewards get it: without its tokens, which are only for the engine. */
function questionOf({ example }: Sample, index: number, examples: Examples): AskedQuestion {
  const found = examples.at(example);
  if (found === undefined)
    throw new InvalidData(`sample ${index} is of question ${example}, but there are ${examples.length}`);
  const { promptTokens, answerTokens, ...question } = found;
  return question;
}

/** The responses with their scores. The fields' order is that of the stored lines. */
function addScores(responses: readonly Response[], scores: readonly Score[]): readonly ScoredSample[] {
  return responses.map((response, index) => {
    const { value, correct, reward, failure, parts } = at(scores, index);
    return {
      ...response,
      value,
      correct,
      reward,
      ...(failure === undefined ? {} : { failure }),
      ...(parts === undefined ? {} : { parts }),
    };
  });
}

function summarise(scored: readonly ScoredSample[], kind: AnswerKind): Omit<ScoreSamplesResult, 'scored' | 'seconds'> {
  const isOption = (value: ScoredSample['value']): value is string =>
    kind === 'choice' && typeof value === 'string' && /^[a-z]$/.test(value);
  const total = (answers: readonly ScoredSample[]): number => answers.reduce((sum, { reward }) => sum + reward, 0);
  const right = scored.filter(({ correct }) => correct);
  return {
    count: scored.length,
    correct: right.length,
    extracted: scored.filter(({ value }) => value !== null).length,
    meanReward: scored.length === 0 ? 0 : total(scored) / scored.length,
    rewardOfCorrect: total(right),
    failures: countEach(scored.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))),
    choices: countEach(scored.flatMap(({ value }) => (isOption(value) ? value : []))),
    parts: totalParts(scored),
  };
}

function countEach(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  // A name's first occurrence adds to none.
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}
