/**
 * Activities that compute nothing, for tests of the workflows' own logic.
 *
 * A checkpoint's sha256 is the hash of what it was made from, so that two runs end with the same checkpoint exactly when every
 * activity on its way was given the same.
 */
import { createHash } from 'node:crypto';
import { Context, heartbeat } from '@temporalio/activity';
import { stringify } from 'safe-stable-stringify';
import type { Noted, TrainingStart } from '../../activities/branchPoints.js';
import type { DataSetRef, QuestionSelection } from '../../activities/data/types.js';

import type { MemoryBudget } from '../../activities/engine/training/memoryBudget.js';

import { InvalidSpec } from '../../activities/errors.js';

import type { Accuracy } from '../../activities/evaluation/types.js';
import type { Activities, ActivitySet } from '../../activities/index.js';
import type { PublishRunInput } from '../../activities/publishRun.js';
import type { Work } from '../../activities/report/types.js';
import type { AnswerKind } from '../../activities/rewards/answerFormat.js';
import type { CheckpointRef, ObjectRef } from '../../activities/store/types.js';
import type { UpdatePolicyInput } from '../../activities/updatePolicy.js';

/** Of a step that takes nothing. */
export const noParts = {
  frozenWeights: 0,
  weights: 0,
  optimiserState: 0,
  gradients: 0,
  activations: 0,
  scoredWeights: 0,
  scoring: 0,
  process: 0,
} as const;

export const plannedBudget = { training: 4 * 2 ** 30, microBatch: 2 ** 30, cache: 2 ** 30 } as const;

export interface Call {
  readonly name: keyof Activities;
  readonly input: unknown;
}

export interface StandIns extends ActivitySet {
  readonly calls: Call[];
  /** Inputs of all calls of one activity, in order. */
  inputsOf<Name extends keyof Activities>(name: Name): Parameters<Activities[Name]>[0][];
}

export interface StandInOptions {
  /** Runs before each activity's work: may wait or throw. */
  readonly before?: (call: Call) => Promise<void> | void;
  /** Greedy validation accuracy in percent of a checkpoint `step` updates old. */
  readonly accuracy?: (step: number) => number;
  /** What an update by PPO says otherwise than usual. */
  readonly policyFigures?: (input: UpdatePolicyInput) => Readonly<Record<string, number>>;
  /** What an update by PPO has left of its memory, where that runs out. */
  readonly shortage?: (input: UpdatePolicyInput) => { readonly halvedMemory?: MemoryBudget };
  /** How many of a batch's questions have right answers alone, and wrong ones: those that dynamic sampling drops. */
  readonly dropped?: (questions: number) => { readonly right: number; readonly wrong: number };
  /** How many of the training questions are chosen by their pass rates. */
  readonly chosen?: (questions: number) => number;
  /** What the right answers of the data are. */
  readonly answerKind?: AnswerKind;
  /** Longest sequence of a pretrained model. */
  readonly positions?: number;
  /** What `keepStart` has kept, by run. */
  readonly starts?: Map<string, TrainingStart>;
  /** What `keepResult` has kept, for stand-ins that are to share it. */
  readonly kept?: Map<string, unknown>;
}

const work: Work = { engineSeconds: 1, forwardTokens: 10, backwardTokens: 5, generatedTokens: 2 };
const policyMetrics = {
  policyLoss: 0.1,
  valueLoss: 0.2,
  klPerToken: 0.01,
  klPerSequence: 0.2,
  klPenalty: 0.002,
  entropy: 1,
  entropyPerSequence: 20,
  clipFraction: 0.1,
  ratio: 1,
  largestRatio: 1.5,
  approximateKl: 0.01,
  explainedVariance: 0.5,
  gradientNorm: 1,
  answerLength: 20,
  samplerMismatch: 0,
};

function refer(name: string, input: unknown): ObjectRef {
  const sha256 = createHash('sha256')
    .update(`${name} ${stringify(input)}`)
    .digest('hex');
  return { key: `objects/${sha256}`, sha256, bytes: 1 };
}

function dataSet(name: string, count: number): DataSetRef {
  return { ...refer('data', name), count };
}

function sizeOf(selection: QuestionSelection): number {
  return selection.to - selection.from;
}

export function createStandIns({
  before,
  accuracy = (step) => step,
  policyFigures = () => ({}),
  shortage = () => ({}),
  dropped = () => ({ right: 0, wrong: 0 }),
  chosen = (questions) => questions / 2,
  answerKind = 'number',
  positions = 1_024,
  kept = new Map(),
  starts = new Map(),
}: StandInOptions = {}): StandIns {
  const calls: Call[] = [];
  /** Validation accuracy travels from rollout to score in the samples' reference. */
  const percentOf = new Map<string, number>();
  /** Questions of an object with samples, or with scored ones. */
  const questionsOf = new Map<string, number>();

  function record<Name extends keyof Activities>(name: Name, answer: Activities[Name]): Activities[Name] {
    const recorded = async (input: never): Promise<unknown> => {
      const call = { name, input };
      calls.push(call);
      // Like the real ones, a stand-in that is held back gives way when its worker shuts down.
      await Promise.race([before?.(call), Context.current().cancelled]);
      return (answer as (input: never) => Promise<unknown>)(input);
    };
    return recorded as Activities[Name];
  }
  // What is noted beside a checkpoint is no part of it.
  const updated = (
    name: string,
    { needs: _, ...input }: { readonly checkpoint: CheckpointRef } & Noted,
  ): CheckpointRef => ({
    ...refer(name, input),
    step: input.checkpoint.step + 1,
    weightBytes: input.checkpoint.weightBytes,
  });
  const perfect: Accuracy = { percent: 50, low: 40, high: 60, correct: 1, count: 2 };

  return {
    calls,
    inputsOf: (name) => calls.filter((call) => call.name === name).map((call) => call.input as never),
    engine: {
      importModel: record('importModel', async (input) => ({
        name: input.from,
        checkpoint: { ...refer('import', input), step: 0, weightBytes: 4_000 },
        unreadFields: ['torch_dtype', 'use_mrope'],
        positions,
        tokenizer: {
          tokenizer: refer('tokenizer', input),
          otherFiles: { 'tokenizer_config.json': refer('tokenizer_config', input) },
          vocabularySize: 50,
          endTokens: [7],
          padToken: 8,
        },
      })),
      planTraining: record('planTraining', async ({ steps }) => ({
        steps: steps.map(({ name }) => ({
          name,
          bytes: 2 ** 30,
          parts: { ...noParts, weights: 2 ** 30 },
          sequences: 8,
          microBatches: name === 'PPO' ? 2 : 1,
        })),
        usableBytes: 4 * 2 ** 30,
        room: { device: 'cpu', bytes: 8 * 2 ** 30 },
        budget: plannedBudget,
      })),
      initialiseModel: record('initialiseModel', async (input) => ({
        ...refer('initialise', input),
        step: 0,
        weightBytes: 4_000,
      })),
      trainSupervised: record('trainSupervised', async (input) => ({
        checkpoint: updated('supervised', input),
        loss: 1 / (1 + input.epoch),
        gradientNorm: 1,
        scaling: {},
        steps: 1,
        work,
      })),
      rollout: record('rollout', async (input) => {
        const samples = refer('rollout', input);
        percentOf.set(samples.sha256, accuracy(input.checkpoint.step));
        questionsOf.set(samples.sha256, sizeOf(input.selection));
        return {
          samples,
          count: sizeOf(input.selection) * input.samples,
          meanLength: 20,
          longest: 30,
          truncated: 0,
          work,
        };
      }),
      updatePolicy: record('updatePolicy', async (input) => {
        if (input.scored.length === 0) return { checkpoint: input.checkpoint, metrics: {}, steps: 0, work };
        const metrics = { ...policyMetrics, ...policyFigures(input) };
        return { checkpoint: updated('policy', input), metrics, steps: 1, work, ...shortage(input) };
      }),
      trainOnSamples: record('trainOnSamples', async (input) => ({
        checkpoint: updated('samples', input),
        metrics: {
          klPerToken: 0.01,
          klPerSequence: 0.2,
          entropy: 1,
          entropyPerSequence: 20,
          loss: 0.5,
          gradientNorm: 1,
        },
        steps: 1,
        work,
      })),
      trainRewardModel: record('trainRewardModel', async (input) => ({
        checkpoint: updated('reward model', input),
        loss: 0.5,
        accuracy: 0.8,
        scaling: {},
        steps: 1,
        work,
      })),
      scoreByRewardModel: record('scoreByRewardModel', async (input) => ({
        rewardModelScores: refer('judge', input),
        work,
      })),
    },
    general: {
      checkReward: record('checkReward', async () => undefined),
      prepareData: record('prepareData', async ({ data }) => ({
        train: dataSet('train', data.train ?? 100),
        validation: dataSet('validation', data.validation),
        test: dataSet('test', data.test ?? 100),
        tokenizer: refer('tokenizer', data),
        vocabularySize: 100,
        endTokens: [1],
        padToken: 0,
        format: data.cot,
        answerKind,
        files: [],
        dropped: {},
        longestPrompt: 30,
        longestAnswer: 30,
      })),
      scoreSamples: record('scoreSamples', async (input) => {
        const scored = refer('score', input);
        questionsOf.set(scored.sha256, questionsOf.get(input.samples.sha256) ?? 0);
        return {
          scored,
          count: 100,
          correct: percentOf.get(input.samples.sha256) ?? 0,
          extracted: 100,
          meanReward: 0.5,
          rewardOfCorrect: percentOf.get(input.samples.sha256) ?? 0,
          failures: {},
          choices: {},
          parts: {},
          seconds: 1,
        };
      }),
      selectGroups: record('selectGroups', async (input) => {
        const questions = input.scored.reduce((sum, { sha256 }) => sum + (questionsOf.get(sha256) ?? 0), 0);
        const { right, wrong } = dropped(questions);
        const kept = questions - right - wrong;
        return { scored: kept > 0 ? [refer('groups', input)] : [], kept, right, wrong };
      }),
      chooseQuestions: record('chooseQuestions', async ({ train, scored, difficulty }) => {
        const kept = chosen(train.count);
        if (kept === 0) throw new InvalidSpec('difficulty: no question is left');
        const histogram = new Array<number>(difficulty.samplesPerQuestion + 1).fill(0);
        return {
          passRates: refer('pass rates', { train, scored }),
          measured: train.count,
          histogram: histogram.with(0, train.count - kept).with(1, kept),
          train: { ...refer('chosen', { train, scored, difficulty }), count: kept },
          ...(difficulty.order === 'easy-first' ? { levels: [kept] } : {}),
        };
      }),
      askAnnotator: record('askAnnotator', async (input) => {
        const answered = input.to - input.from;
        const used = { requests: answered, promptTokens: 0, completionTokens: 0 };
        const spent = { ...input.spent, requests: input.spent.requests + answered };
        const counts = { wanted: answered, answered, reused: 0, estimated: 0 };
        const samples = refer('answers', input);
        return { samples, ...counts, used, spent, unusable: {}, faults: {}, atOnce: input.atOnce };
      }),
      addSamples: record('addSamples', async (input) => ({
        train: { ...refer('added', input), count: 2 * input.train.count },
        added: input.train.count,
      })),
      tallyEvaluation: record('tallyEvaluation', async (input) => ({
        metrics: {
          top1: perfect,
          ...(input.sampled.length > 0 ? { voting: perfect, upperBound: perfect } : {}),
          ...(input.rewardModelScores.length > 0 ? { reranking: perfect } : {}),
          samples: input.sampled.length,
        },
        verdicts: refer('verdicts', input),
      })),
      recordCurve: record('recordCurve', async (input) => refer('curve', input)),
      keepStart: record('keepStart', async ({ run, ...start }) => {
        starts.set(run, start);
      }),
      findBranch: record('findBranch', async ({ run, round }) => {
        const start = starts.get(run);
        if (start === undefined) throw new InvalidSpec(`startFrom.run: got ${run}`);
        const checkpoint = { ...refer('branch', { run, round }), step: round, weightBytes: 4_000 };
        return { ...start, checkpoint, memory: start.first.memory };
      }),
      publishRun: record('publishRun', async ({ runId }: PublishRunInput) => ({
        bucket: 'reft',
        prefix: `runs/${runId}`,
        report: `runs/${runId}/report.html`,
        result: `runs/${runId}/result.json`,
        samples: `runs/${runId}/samples.jsonl`,
      })),
      publishAnnotation: record('publishAnnotation', async ({ annotationId, spec, data, used }) => ({
        rows: refer('rows', annotationId),
        card: {
          title: spec.title,
          source: { train: data.train.count, validation: 0, test: data.test.count, files: [], dropped: {} },
          annotator: { kind: spec.annotator.kind, model: 'stand-in' },
          prompt: [],
          keep: spec.keep,
          questions: data.train.count,
          annotated: data.train.count,
          rows: data.train.count,
          duplicates: 0,
          yields: {},
          used,
          cost: 0,
          stopped: null,
          sha256: refer('rows', annotationId).sha256,
        },
        bucket: 'reft',
        prefix: `runs/${annotationId}`,
        report: `runs/${annotationId}/report.html`,
        result: `runs/${annotationId}/result.json`,
        annotated: `runs/${annotationId}/annotated.jsonl`,
      })),
      publishPartialRun: record('publishPartialRun', async ({ runId }) => ({ prefix: `runs/${runId}/partial` })),
      publishEvaluation: record('publishEvaluation', async ({ evaluationId }) => ({
        bucket: 'reft',
        prefix: `runs/${evaluationId}`,
        report: `runs/${evaluationId}/report.html`,
        result: `runs/${evaluationId}/result.json`,
        samples: `runs/${evaluationId}/samples.jsonl`,
      })),
      collectGarbage: record('collectGarbage', async () => {
        const none = { objects: 0, bytes: 0 };
        return { kept: none, removed: none, droppedRounds: {} };
      }),
      recallResult: record('recallResult', async ({ unit, edition, content }) => {
        const key = `comparisons/${unit}/${refer('content', { edition, content }).sha256}.json`;
        return { key, ...(kept.has(key) ? { result: kept.get(key) } : {}) };
      }),
      keepResult: record('keepResult', async ({ key, result }) => {
        kept.set(key, result);
      }),
      publishComparison: record('publishComparison', async ({ comparisonId, models, samples }) => ({
        bucket: 'reft',
        prefix: `runs/${comparisonId}`,
        report: `runs/${comparisonId}/report.html`,
        result: `runs/${comparisonId}/result.json`,
        metrics: {
          measures: ['top1'],
          rows: [...new Set(models.map(({ model }) => model))].map((model) => ({
            model,
            trainings: models.flatMap(({ model: name, warmUp, seed }) =>
              name === model ? [seed === undefined ? { warmUp } : { warmUp, seed }] : [],
            ),
            measures: [{ measure: 'top1', perTraining: [50], mean: 50, low: 45, high: 55 }],
          })),
          pairs: [
            {
              measure: 'top1',
              a: 'reft',
              b: 'sft',
              difference: 5,
              low: 1,
              high: 9,
              p: 0.01,
              pCorrected: 0.03,
              trainings: 2,
              warmUps: 1,
            },
          ],
          warmUps: new Set(models.map(({ warmUp }) => warmUp)).size,
          questions: 2,
          samples,
        },
      })),
    },
  };
}

/** For `before`: holds back calls of activities until opened. */
export function gate(hold: (call: Call) => boolean) {
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const before = async (call: Call): Promise<void> => {
    if (!hold(call)) return;
    arrive();
    // As activities do: one that is silent for long would be tried again.
    const beat = setInterval(() => heartbeat(), 1_000);
    await opened.finally(() => clearInterval(beat));
  };
  return { before, reached, open: () => open() };
}
