/** What is known of a run while it goes on: asked of its workflow, of Temporal and of the store, each time that somebody looks. */
import type { Client } from '@temporalio/client';
import { readExamples } from '../../activities/examples.js';
import { spread } from '../../activities/report/answers.js';
import type { CurvePoint } from '../../activities/report/types.js';
import type { ScoredSample } from '../../activities/rewards/samples.js';
import type { Store } from '../../activities/store/types.js';
import { readScored } from '../../activities/trainingSteps.js';
import type { StackAccess } from '../../infra/stack.js';
import type { LatestAnswers } from '../../workflows/monitoring/journal.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { type ReportSoFar, reportQuery } from '../../workflows/monitoring/reportSoFar.js';
import { askProgress, findRun, queryProgress, uiAddress } from '../command/access.js';
import { describeWorkers } from '../command/standby.js';
import { findTroubles, underWayOf } from '../command/troubles.js';
import { askedCurve } from '../metrics/points.js';
import type { Fact } from './machine.js';

export interface LiveRun {
  readonly id: string;
  /** `running`, `failed`, `canceled`, … */
  readonly state: string;
  readonly startedAt: Date;
  readonly asOf: Date;
  readonly uiUrl: string | undefined;
  /** How far it is, or why that cannot be told. */
  readonly progress: Progress | string;
  readonly baseline: Progress | undefined;
  /** Absent in what is no run, and where no worker answers. */
  readonly report: ReportSoFar | undefined;
  readonly curve: readonly CurvePoint[];
  readonly sampled: SampledRound | undefined;
  readonly troubles: readonly string[];
  /** How far the steps under way are, in words; empty where none tells. */
  readonly underWay: string;
  readonly workers: readonly string[];
  /** The machine and the code of the process that tells all this. */
  readonly machine: readonly Fact[];
}

/** A few of a round's questions, with what was sampled for them. */
export interface SampledRound {
  /** From 1. */
  readonly round: number;
  readonly questions: readonly SampledQuestion[];
}

export interface SampledQuestion {
  readonly question: string;
  /** The right answer; null where the data have none. */
  readonly truth: number | string | null;
  readonly answers: readonly SampledAnswer[];
  /** Answers that were sampled beside those. */
  readonly more: number;
}

export type SampledAnswer = Pick<
  ScoredSample,
  'text' | 'value' | 'reward' | 'correct' | 'truncated' | 'failure' | 'parts'
>;

export interface LiveSources {
  readonly client: Client;
  readonly store: Store;
  readonly stack: StackAccess;
  readonly machine: readonly Fact[];
}

/** Undefined where there is no run of this id. */
export async function readLiveRun(
  { client, store, stack, machine }: LiveSources,
  id: string,
): Promise<LiveRun | undefined> {
  const description = await findRun(client, id);
  if (description === undefined) return undefined;
  const progress = await askProgress(client, id);
  const isAnswered = typeof progress !== 'string';
  const report = isAnswered ? await askReport(client, id) : undefined;
  const beside = isAnswered ? progress.baselineWorkflowId : undefined;
  const isRunning = description.status.name === 'RUNNING';
  return {
    id,
    state: description.status.name.toLowerCase(),
    startedAt: description.startTime,
    asOf: new Date(),
    uiUrl: uiAddress(stack, id),
    progress,
    baseline: beside === undefined ? undefined : await queryProgress(client, beside),
    report,
    curve: (isAnswered ? await askedCurve(client, store, id).catch(() => undefined) : undefined) ?? [],
    sampled: report?.latestAnswers && (await readSampled(store, report.latestAnswers)),
    troubles: isRunning ? await findTroubles(client, description) : [],
    underWay: isRunning ? await underWayOf(client, description) : '',
    workers: await describeWorkers(client),
    machine,
  };
}

/** Comparisons, evaluations and annotations know no such query. */
export function askReport(client: Client, id: string): Promise<ReportSoFar | undefined> {
  return client.workflow
    .getHandle(id)
    .query(reportQuery)
    .catch(() => undefined);
}

const questionsShown = 4;
const answersShown = 4;

/** Undefined where the answers are no longer kept: a round's go once they were trained on and the storage is tidied. */
export async function readSampled(
  store: Store,
  { round, questions, scored }: LatestAnswers,
): Promise<SampledRound | undefined> {
  try {
    const [samples, examples] = await Promise.all([readScored(store, [scored]), readExamples(store, questions)]);
    const byQuestion = new Map<number, SampledAnswer[]>();
    for (const sample of samples) byQuestion.set(sample.example, [...(byQuestion.get(sample.example) ?? []), sample]);
    const shown = spread([...byQuestion], questionsShown).flatMap(([place, answers]) => {
      const example = examples.at(place);
      if (example === undefined) return [];
      const some = answers.slice(0, answersShown);
      const { question, answerValue: truth } = example;
      return [{ question, truth, answers: some, more: answers.length - some.length }];
    });
    return { round, questions: shown };
  } catch {
    return undefined;
  }
}
