/** All activities over what they work with: the store, the engine's process, the sandbox and the folder of data sets. */
import { createAddSamples } from './addSamples.js';
import type { EngineActivities, GeneralActivities } from './contracts.js';
import type { Engine } from './engine/api.js';
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
import { createJudgeSamples } from './scoreByRewardModel.js';
import { createScoreSamples } from './scoreSamples.js';
import type { Store } from './store/types.js';
import { createTallyEvaluation } from './tallyEvaluation.js';
import { createTrainOnSamples } from './trainOnSamples.js';
import { createTrainRewardModel } from './trainRewardModel.js';
import { createTrainSupervised } from './trainSupervised.js';
import { createUpdateGroupPolicy } from './updateGroupPolicy.js';
import { createUpdatePolicy } from './updatePolicy.js';

export interface Dependencies {
  readonly store: Store;
  readonly engine: Engine;
  readonly sandbox: SandboxPool;
  /** Where tasks write files before they go to the store; on the same disk as the store's cache. */
  readonly workDirectory: string;
  /** The Hugging Face hub that pretrained models come from. */
  readonly hub: HubAccess;
  /** The folder of published data sets; generated problems need none. */
  readonly dataDirectory: string | undefined;
}

export interface ActivitySet {
  readonly engine: EngineActivities;
  readonly general: GeneralActivities;
}

export function createActivities(dependencies: Dependencies): ActivitySet {
  return {
    engine: {
      importModel: createImportModel(dependencies),
      initialiseModel: createInitialiseModel(dependencies),
      planTraining: createPlanTraining(dependencies),
      trainSupervised: createTrainSupervised(dependencies),
      rollout: createRollout(dependencies),
      updatePolicy: createUpdatePolicy(dependencies),
      updateGroupPolicy: createUpdateGroupPolicy(dependencies),
      trainOnSamples: createTrainOnSamples(dependencies),
      trainRewardModel: createTrainRewardModel(dependencies),
      judgeSamples: createJudgeSamples(dependencies),
    },
    general: {
      prepareData: createPrepareData(dependencies),
      scoreSamples: createScoreSamples(dependencies),
      addSamples: createAddSamples(dependencies),
      tallyEvaluation: createTallyEvaluation(dependencies),
      recordCurve: createRecordCurve(dependencies),
      publishRun: createPublishRun(dependencies),
      recallResult: createRecallResult(dependencies),
      keepResult: createKeepResult(dependencies),
      publishComparison: createPublishComparison(dependencies),
      publishEvaluation: createPublishEvaluation(dependencies),
    },
  };
}
