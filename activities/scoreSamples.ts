/**
 * The activity `scoreSamples`: extracts what each generated answer says, compares it with the annotated value and rewards it.
 *
 * Same samples, same bytes: a program's outcome depends on its text alone, save for its processor-time limit, which is a
 * thousand times what ordinary programs take.
 */
import { z } from 'zod';
import { programFrom } from './data/format.js';
import { loadTokenizer } from './data/tokenizer/loadTokenizer.js';
import type { AnswerFormat, AnswerKind, DataSetRef } from './data/types.js';
import { InvalidData } from './errors.js';
import { heartbeatWhile, type ReportProgress } from './heartbeatWhile.js';
import { type Extraction, extractFromProgram, extractFromText } from './rewards/extractAnswer.js';
import { rewardAnswer } from './rewards/rewardRule.js';
import type { Sample, ScoredSample } from './rewards/samples.js';
import type { SandboxPool } from './rewards/sandbox/pool.js';
import type { ObjectRef, Store } from './store/types.js';
import { readExamples } from './trainingSteps.js';

export interface ScoreSamplesInput {
  readonly samples: ObjectRef;
  readonly data: DataSetRef;
  readonly tokenizer: ObjectRef;
  readonly endToken: number;
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
  /** Samples with nothing extracted, counted by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Multiple choice: how many samples name each option letter. Empty for numbers. */
  readonly choices: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export interface ScoringDependencies {
  readonly store: Store;
  readonly sandbox: Pick<SandboxPool, 'run'>;
}

const sampleSchema: z.ZodType<Sample> = z.object({
  example: z.int(),
  sample: z.int(),
  tokens: z.array(z.number()),
  logProbs: z.array(z.number()),
  truncated: z.boolean(),
});

export function createScoreSamples({ store, sandbox }: ScoringDependencies) {
  return (input: ScoreSamplesInput): Promise<ScoreSamplesResult> =>
    heartbeatWhile('answers', async (report, signal) => {
      const started = performance.now();
      const [lines, examples, tokenizerJson] = await Promise.all([
        store.getLines(input.samples),
        readExamples(store, input.data),
        store.getJson(input.tokenizer),
      ]);
      const samples = z.array(sampleSchema).parse(lines);
      const tokenizer = loadTokenizer(tokenizerJson, input);
      const texts = samples.map(({ tokens }) => tokenizer.decode(tokens));
      const extractions = await extractAll(sandbox, texts, input.format, input.answerKind, report, signal);

      const scored = samples.map((sample, index): ScoredSample => {
        const expected = examples[sample.example]?.answerValue;
        const extraction = extractions[index];
        if (expected === undefined || extraction === undefined)
          throw new InvalidData(`sample ${index} is of question ${sample.example}, but there are ${examples.length}`);
        return {
          ...sample,
          text: texts[index] ?? '',
          value: extraction.value,
          ...rewardAnswer(extraction.value, expected),
          ...(extraction.value === null ? { failure: extraction.failure } : {}),
        };
      });
      return {
        scored: await store.putLines(scored),
        ...summarise(scored, input.answerKind),
        seconds: (performance.now() - started) / 1_000,
      };
    });
}

/** What each text says, in order. A program that occurs more than once, as greedy and easy answers do, runs once. */
async function extractAll(
  sandbox: Pick<SandboxPool, 'run'>,
  texts: readonly string[],
  format: AnswerFormat,
  kind: AnswerKind,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<readonly Extraction[]> {
  if (format === 'natural') return texts.map((text) => extractFromText(text, kind));
  const distinct = [...new Set(texts)];
  const outcomes = await sandbox.run(distinct.map(programFrom), {
    signal,
    onProgress: (done) => report(Math.floor((done / distinct.length) * texts.length), texts.length),
  });
  const byText = new Map(outcomes.map((outcome, index) => [distinct[index], extractFromProgram(outcome, kind)]));
  return texts.flatMap((text) => byText.get(text) ?? []);
}

function summarise(scored: readonly ScoredSample[], kind: AnswerKind): Omit<ScoreSamplesResult, 'scored' | 'seconds'> {
  const isOption = (value: ScoredSample['value']): value is string =>
    kind === 'choice' && typeof value === 'string' && /^[a-z]$/.test(value);
  const total = scored.reduce((sum, { reward }) => sum + reward, 0);
  return {
    count: scored.length,
    correct: scored.filter(({ correct }) => correct).length,
    extracted: scored.filter(({ value }) => value !== null).length,
    meanReward: scored.length === 0 ? 0 : total / scored.length,
    failures: countEach(scored.flatMap(({ failure }) => failure ?? [])),
    choices: countEach(scored.flatMap(({ value }) => (isOption(value) ? value : []))),
  };
}

function countEach(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
