/**
 * The registry of activities, by the task queue that serves them. To add one, write its file and a row here (and a row for its
 * time limit in `workflows/steps/timeLimits.ts`).
 */

import { createAddSamples } from './addSamples.js';
import { createCheckReward } from './checkReward.js';
import type { Engine } from './engine/process/engineClient.js';
import { createImportModel } from './importModel.js';
import { createInitialiseModel } from './initialiseModel.js';
import { createPlanTraining } from './planTraining.js';
import { createPrepareData } from './prepareData.js';
import type { HubAccess } from './pretrained/hub.js';
import { createPublishComparison } from './publishComparison.js';
import { createPublishEvaluation } from './publishEvaluation.js';
import { createPublishRun } from './publishRun.js';
import { createKeepResult, createRecallResult } from './recallResult.js';
import { createRecordCurve } from './recordCurve.js';
import type { SandboxPool } from './rewards/sandbox/pool.js';
import { createRollout } from './rollout.js';
import { createScoreByRewardModel } from './scoreByRewardModel.js';
import { createScoreSamples } from './scoreSamples.js';
import { createSelectGroups } from './selectGroups.js';
import type { Store } from './store/types.js';
import { createTallyEvaluation } from './tallyEvaluation.js';
import { createTrainOnSamples } from './trainOnSamples.js';
import { createTrainRewardModel } from './trainRewardModel.js';
import { createTrainSupervised } from './trainSupervised.js';
import { createUpdatePolicy } from './updatePolicy.js';

export interface Dependencies {
  readonly store: Store;
  readonly engine: Engine;
  readonly sandbox: SandboxPool;
  /** The worker's, which has what scorers ask for as a header. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where tasks write files before they go to the store; on the same disk as the store's cache. */
  readonly workDirectory: string;
  /** The Hugging Face hub that pretrained models come from. */
  readonly hub: HubAccess;
  /** The folder of published data sets; generated problems need none. */
  readonly dataDirectory: string | undefined;
}

const engineActivities = {
  importModel: createImportModel,
  initialiseModel: createInitialiseModel,
  planTraining: createPlanTraining,
  trainSupervised: createTrainSupervised,
  rollout: createRollout,
  updatePolicy: createUpdatePolicy,
  trainOnSamples: createTrainOnSamples,
  trainRewardModel: createTrainRewardModel,
  scoreByRewardModel: createScoreByRewardModel,
} as const;

const generalActivities = {
  checkReward: createCheckReward,
  prepareData: createPrepareData,
  scoreSamples: createScoreSamples,
  addSamples: createAddSamples,
  selectGroups: createSelectGroups,
  tallyEvaluation: createTallyEvaluation,
  recordCurve: createRecordCurve,
  publishRun: createPublishRun,
  recallResult: createRecallResult,
  keepResult: createKeepResult,
  publishComparison: createPublishComparison,
  publishEvaluation: createPublishEvaluation,
} as const;

type Makers = Readonly<Record<string, (dependencies: Dependencies) => unknown>>;
type Made<Rows extends Makers> = { readonly [Name in keyof Rows]: ReturnType<Rows[Name]> };

export type EngineActivities = Made<typeof engineActivities>;
export type GeneralActivities = Made<typeof generalActivities>;
export type Activities = EngineActivities & GeneralActivities;

export interface ActivitySet {
  readonly engine: EngineActivities;
  readonly general: GeneralActivities;
}

export function createActivities(dependencies: Dependencies): ActivitySet {
  return { engine: make(engineActivities, dependencies), general: make(generalActivities, dependencies) };
}

function make<Rows extends Makers>(rows: Rows, dependencies: Dependencies): Made<Rows> {
  const made = Object.entries(rows).map(([name, create]) => [name, create(dependencies)]);
  return Object.fromEntries(made) as Made<Rows>;
}
