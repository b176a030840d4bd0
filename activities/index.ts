/** All activities over what they work with: the store, the engine's process, the sandbox and the folder of data sets. */

import type { AddSamplesInput, AddSamplesResult } from './addSamples.js';
import { createAddSamples } from './addSamples.js';
import type { PreparedData } from './data/types.js';
import type { Engine } from './engine/process/engineClient.js';
import type { ImportModelInput, PretrainedModel } from './importModel.js';
import { createImportModel } from './importModel.js';
import type { InitialiseModelInput } from './initialiseModel.js';
import { createInitialiseModel } from './initialiseModel.js';
import type { PlanTrainingInput, TrainingPlan } from './planTraining.js';
import { createPlanTraining } from './planTraining.js';
import type { PrepareDataInput } from './prepareData.js';
import { createPrepareData } from './prepareData.js';
import type { HubAccess } from './pretrained/hub.js';
import type { PublishComparisonInput, PublishComparisonResult } from './publishComparison.js';
import { createPublishComparison } from './publishComparison.js';
import type { PublishEvaluationInput, PublishEvaluationResult } from './publishEvaluation.js';
import { createPublishEvaluation } from './publishEvaluation.js';
import type { PublishRunInput, PublishRunResult } from './publishRun.js';
import { createPublishRun } from './publishRun.js';
import type { KeepResultInput, RecallResultInput, RecallResultResult } from './recallResult.js';
import { createKeepResult, createRecallResult } from './recallResult.js';
import type { RecordCurveInput } from './recordCurve.js';
import { createRecordCurve } from './recordCurve.js';
import type { SandboxPool } from './rewards/sandbox/pool.js';
import type { RolloutInput, RolloutResult } from './rollout.js';
import { createRollout } from './rollout.js';
import type { ScoreByRewardModelInput, ScoreByRewardModelResult } from './scoreByRewardModel.js';
import { createScoreByRewardModel } from './scoreByRewardModel.js';
import type { ScoreSamplesInput, ScoreSamplesResult } from './scoreSamples.js';
import { createScoreSamples } from './scoreSamples.js';
import type { CheckpointRef, ObjectRef, Store } from './store/types.js';
import type { TallyEvaluationInput, TallyEvaluationResult } from './tallyEvaluation.js';
import { createTallyEvaluation } from './tallyEvaluation.js';
import type { TrainOnSamplesInput, TrainOnSamplesResult } from './trainOnSamples.js';
import { createTrainOnSamples } from './trainOnSamples.js';
import type { TrainRewardModelInput, TrainRewardModelResult } from './trainRewardModel.js';
import { createTrainRewardModel } from './trainRewardModel.js';
import type { TrainSupervisedInput, TrainSupervisedResult } from './trainSupervised.js';
import { createTrainSupervised } from './trainSupervised.js';
import type { UpdatePolicyInput, UpdatePolicyResult } from './updatePolicy.js';
import { createUpdatePolicy } from './updatePolicy.js';

/** Every activity, by the task queue that serves it. */
export interface EngineActivities {
  importModel(input: ImportModelInput): Promise<PretrainedModel>;
  initialiseModel(input: InitialiseModelInput): Promise<CheckpointRef>;
  planTraining(input: PlanTrainingInput): Promise<TrainingPlan>;
  trainSupervised(input: TrainSupervisedInput): Promise<TrainSupervisedResult>;
  rollout(input: RolloutInput): Promise<RolloutResult>;
  updatePolicy(input: UpdatePolicyInput): Promise<UpdatePolicyResult>;
  trainOnSamples(input: TrainOnSamplesInput): Promise<TrainOnSamplesResult>;
  trainRewardModel(input: TrainRewardModelInput): Promise<TrainRewardModelResult>;
  scoreByRewardModel(input: ScoreByRewardModelInput): Promise<ScoreByRewardModelResult>;
}

export interface GeneralActivities {
  prepareData(input: PrepareDataInput): Promise<PreparedData>;
  scoreSamples(input: ScoreSamplesInput): Promise<ScoreSamplesResult>;
  addSamples(input: AddSamplesInput): Promise<AddSamplesResult>;
  tallyEvaluation(input: TallyEvaluationInput): Promise<TallyEvaluationResult>;
  recordCurve(input: RecordCurveInput): Promise<ObjectRef>;
  publishRun(input: PublishRunInput): Promise<PublishRunResult>;
  recallResult(input: RecallResultInput): Promise<RecallResultResult>;
  keepResult(input: KeepResultInput): Promise<void>;
  publishComparison(input: PublishComparisonInput): Promise<PublishComparisonResult>;
  publishEvaluation(input: PublishEvaluationInput): Promise<PublishEvaluationResult>;
}

export type Activities = EngineActivities & GeneralActivities;

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
      trainOnSamples: createTrainOnSamples(dependencies),
      trainRewardModel: createTrainRewardModel(dependencies),
      scoreByRewardModel: createScoreByRewardModel(dependencies),
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
