/**
 * The registry of activities, by the task queue that serves them. To add one, write its file and a row here (and a row for its
 * time limit in `workflows/steps/timeLimits.ts`).
 */

import { createAddSamples } from './addSamples.js';
import { createAskAnnotator } from './askAnnotator.js';
import { createFindBranch, createKeepStart } from './branchPoints.js';
import { createCheckReward } from './checkReward.js';
import { createChooseQuestions } from './chooseQuestions.js';
import { createCollectGarbage } from './collectGarbage.js';
import type { Engine } from './engine/process/engineClient.js';
import type { FailureName } from './errors.js';
import { createImportModel } from './importModel.js';
import { createInitialiseModel } from './initialiseModel.js';
import { createPlanTraining } from './planTraining.js';
import { createPrepareData } from './prepareData.js';
import type { HubAccess } from './pretrained/hub.js';
import { createPublishAnnotation } from './publishAnnotation.js';
import { createPublishComparison } from './publishComparison.js';
import { createPublishEvaluation } from './publishEvaluation.js';
import { createPublishPartialRun } from './publishPartialRun.js';
import { createPublishRun } from './publishRun.js';
import { createKeepResult, createRecallResult } from './recallResult.js';
import { createRecordCurve } from './recordCurve.js';
import type { SandboxPool } from './rewards/sandbox/pool.js';
import { createRollout } from './rollout.js';
import { createScoreByRewardModel } from './scoreByRewardModel.js';
import { createScoreSamples } from './scoreSamples.js';
import { createSelectGroups } from './selectGroups.js';
import type { Upkeep } from './store/s3/upkeep.js';
import type { Store } from './store/types.js';
import { createTallyEvaluation } from './tallyEvaluation.js';
import { createTrainOnSamples } from './trainOnSamples.js';
import { createTrainRewardModel } from './trainRewardModel.js';
import { createTrainSupervised } from './trainSupervised.js';
import { createUpdatePolicy } from './updatePolicy.js';

export interface Dependencies {
  readonly store: Store;
  readonly upkeep: Upkeep;
  readonly engine: Engine;
  readonly sandbox: SandboxPool;
  /** The worker's, which has what scorers ask for as a header. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where tasks write files before they go to the store; on the same disk as the store's cache. */
  readonly workDirectory: string;
  /** Where models are fetched to; a download that was cut off is continued there. */
  readonly downloadDirectory: string;
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
  askAnnotator: createAskAnnotator,
  addSamples: createAddSamples,
  selectGroups: createSelectGroups,
  chooseQuestions: createChooseQuestions,
  tallyEvaluation: createTallyEvaluation,
  recordCurve: createRecordCurve,
  keepStart: createKeepStart,
  findBranch: createFindBranch,
  publishRun: createPublishRun,
  publishPartialRun: createPublishPartialRun,
  recallResult: createRecallResult,
  keepResult: createKeepResult,
  publishComparison: createPublishComparison,
  publishAnnotation: createPublishAnnotation,
  publishEvaluation: createPublishEvaluation,
  collectGarbage: createCollectGarbage,
} as const;

/** Each takes the input of its own, and is listed with its type above. */
type Activity = (input: never) => Promise<unknown>;
type Makers = Readonly<Record<string, (dependencies: Dependencies) => Activity>>;
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
  const made = Object.entries(rows).map(([name, create]) => [name, makingRoom(create(dependencies), dependencies)]);
  return Object.fromEntries(made) as Made<Rows>;
}

const diskFull: FailureName = 'DiskFull';

/** The activity; where it finds a disk full, copies of what is in S3 make room for its next attempt. */
function makingRoom(activity: Activity, { store }: Pick<Dependencies, 'store'>): Activity {
  return async (input) => {
    try {
      return await activity(input);
    } catch (error) {
      // By its name: one that comes out of a thread has lost its class.
      if (error instanceof Error && error.name === diskFull) await store.makeRoom();
      throw error;
    }
  };
}
