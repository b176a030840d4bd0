/**
 * What the workflows and the activities say to each other: the inputs and outputs of every activity.
 *
 * Only references and small numbers cross Temporal (never tensors or texts in bulk), so every type here is plain JSON.
 * Workflows import this file for its types alone; each activity in this folder implements one of the functions.
 */
import type { MeasureName } from '../workflows/config/measures.js';
import type { MethodName, TrainingPhase } from '../workflows/config/methods.js';
import type {
  DataSpec,
  GroupPolicySpec,
  LoraSpec,
  OptimiserSpec,
  PpoSpec,
  RewardModelSpec,
  SampleTrainingSpec,
  ScratchModelSpec,
} from '../workflows/config/spec.js';
import type { GroupPolicyMetrics, PlannedStep, PlanTrainingTask, PolicyMetrics, RandomPurpose } from './engine/api.js';

export type { PlannedStep };

/** An immutable object in S3, named by its content: `key` is `objects/<sha256>`. */
export interface ObjectRef {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A checkpoint's manifest in S3 (`CheckpointManifest`); `step` counts AdamW updates so far. */
export interface CheckpointRef extends ObjectRef {
  readonly step: number;
}

/** One line of a data-set object (JSON Lines). Token lists leave nothing to encode later. */
export interface Example {
  readonly id: string;
  readonly question: string;
  /** What the model is given, and its tokens. */
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  /** The annotated chain of thought with its ending (tokens include EOS); absent in a test set. */
  readonly answer?: string;
  readonly answerTokens?: readonly number[];
  /** The ground truth: a number, or a lower-case option letter for multiple choice. */
  readonly answerValue: number | string;
}

/** One line of a samples object (JSON Lines): an answer the model generated. */
export interface Sample {
  /** Index of the question in its data-set object. */
  readonly example: number;
  /** 0 … K−1: which of the question's samples. */
  readonly sample: number;
  /** Generated tokens, EOS included where it was reached. */
  readonly tokens: readonly number[];
  /** log π(token) under the sampling model, one for each token. */
  readonly logProbs: readonly number[];
  /** True when the answer reached the length limit without EOS. */
  readonly truncated: boolean;
}

/** One line of a scored object (JSON Lines): a sample with its reward. */
export interface ScoredSample extends Sample {
  readonly text: string;
  /** The extracted answer; null when nothing could be extracted. */
  readonly value: number | string | null;
  readonly correct: boolean;
  /** 1 right, 0.1 extracted but wrong, 0 nothing extracted. */
  readonly reward: number;
  /** Why nothing was extracted (`syntax`, `timeout`, `no-marker`, …). */
  readonly failure?: string;
}

/** One line of a judged object (JSON Lines): the reward model's probability that a sample is right, in the samples' order. */
export interface Judgement {
  readonly example: number;
  readonly sample: number;
  readonly probability: number;
}

export interface DataSetRef extends ObjectRef {
  readonly count: number;
}

export type AnswerFormat = 'program' | 'natural';
/** How answers are compared: numbers within 0.01, or option letters as text. */
export type AnswerKind = 'number' | 'choice';

/** Rows left out for one reason: how many, and the first few by file and row or by id. */
export interface DroppedRows {
  readonly count: number;
  readonly examples: readonly string[];
}

/** A file that questions came from, as it was read. */
export interface DataFile {
  readonly name: string;
  readonly sha256: string;
  readonly rows: number;
}

export interface PreparedData {
  readonly train: DataSetRef;
  /** Held out of the training questions; best checkpoints are chosen on it, never on the test set. */
  readonly validation: DataSetRef;
  readonly test: DataSetRef;
  /** A standard Hugging Face `tokenizer.json`. */
  readonly tokenizer: ObjectRef;
  readonly vocabularySize: number;
  readonly endToken: number;
  readonly padToken: number;
  readonly format: AnswerFormat;
  readonly answerKind: AnswerKind;
  /** Files the questions came from; none for generated ones. */
  readonly files: readonly DataFile[];
  /** Rows that could not be used, by reason. */
  readonly dropped: Readonly<Record<string, DroppedRows>>;
  /** What a pretrained model's tokenizer has beside tokenizer.json (special tokens, chat template), by file name. */
  readonly tokenizerFiles?: Readonly<Record<string, ObjectRef>>;
  readonly longestPrompt: number;
  readonly longestAnswer: number;
}

/** Which questions of a data set an activity works on: positions [from, to) of a shuffled or plain order. */
export type QuestionSelection =
  | { readonly order: 'plain'; readonly from: number; readonly to: number }
  | { readonly order: 'shuffled'; readonly epoch: number; readonly from: number; readonly to: number };

/** Seconds and token counts of engine work; `forwardTokens` and `backwardTokens` measure compute independent of the machine. */
export interface Work {
  readonly engineSeconds: number;
  readonly forwardTokens: number;
  readonly backwardTokens: number;
  readonly generatedTokens: number;
}

/** The tokenizer a pretrained model brings along. */
export interface PretrainedTokenizer {
  /** Its tokenizer.json, as it is. */
  readonly tokenizer: ObjectRef;
  /** Its other files, by name. */
  readonly otherFiles: Readonly<Record<string, ObjectRef>>;
  readonly vocabularySize: number;
  readonly endToken: number;
  readonly padToken: number;
}

export interface PrepareDataInput {
  readonly data: DataSpec;
  readonly seed: number;
  /** A pretrained model's; left out, a tokenizer is trained on the training questions. */
  readonly tokenizer?: PretrainedTokenizer;
}

/** `from` is the specification's `model.from`. */
export interface ImportModelInput {
  readonly from: string;
  readonly lora: LoraSpec | null;
  /** Of the adapters, where there are to be any. */
  readonly seed: number;
}
export interface PretrainedModel {
  /** `from`, for a hub model with the commit it was resolved to. */
  readonly name: string;
  readonly checkpoint: CheckpointRef;
  readonly tokenizer: PretrainedTokenizer;
  /** Longest sequence it can take. */
  readonly positions: number;
}

export interface InitialiseModelInput {
  readonly model: ScratchModelSpec;
  readonly lora: LoraSpec | null;
  readonly data: PreparedData;
  readonly seed: number;
}

/** `steps` are the largest of each kind that the run will take. */
export interface PlanTrainingInput {
  readonly checkpoint: CheckpointRef;
  readonly steps: readonly PlannedStep[];
}
export type TrainingPlan = PlanTrainingTask['output'];

/** Supervised cross-entropy over one epoch (warm-up and SFT). A learning-rate schedule spans `totalSteps`. */
export interface TrainSupervisedInput {
  readonly checkpoint: CheckpointRef;
  readonly train: DataSetRef;
  readonly seed: number;
  readonly purpose: 'order-warm-up' | 'order-sft' | 'order-self-training';
  /** 0-based. */
  readonly epoch: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimiser: OptimiserSpec;
  /** True for the first epoch of a phase: moments start at zero again. */
  readonly freshOptimiser: boolean;
}
export interface TrainSupervisedResult {
  readonly checkpoint: CheckpointRef;
  /** Mean loss per answer token over the epoch, natural log. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly steps: number;
  readonly work: Work;
}

/** Generates `samples` answers for each selected question. Greedy when `temperature` is 0. */
export interface RolloutInput {
  readonly checkpoint: CheckpointRef;
  readonly data: DataSetRef;
  readonly selection: QuestionSelection;
  readonly samples: number;
  readonly temperature: 0 | 1;
  readonly maxAnswerTokens: number;
  readonly endToken: number;
  readonly padToken: number;
  readonly seed: number;
  readonly purpose: RandomPurpose;
  readonly round: number;
}
export interface RolloutResult {
  /** Lines of `Sample`, ordered by position in the selection, then by sample. */
  readonly samples: ObjectRef;
  readonly count: number;
  readonly meanLength: number;
  readonly longest: number;
  readonly truncated: number;
  readonly work: Work;
}

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

export interface UpdatePolicyInput {
  readonly checkpoint: CheckpointRef;
  /** The warm-up checkpoint, frozen: the KL penalty's reference. */
  readonly reference: CheckpointRef;
  readonly train: DataSetRef;
  /** Scored objects of the round's shards; together they are one PPO batch. */
  readonly scored: readonly ObjectRef[];
  readonly ppo: PpoSpec;
  readonly seed: number;
  readonly round: number;
  /** Rounds of the whole run: a learning-rate schedule spans them. */
  readonly rounds: number;
  readonly freshOptimiser: boolean;
}
export interface UpdatePolicyResult {
  readonly checkpoint: CheckpointRef;
  readonly metrics: PolicyMetrics;
  readonly steps: number;
  readonly work: Work;
}

/** One round of GRPO (`baseline: 'group'`) or RLOO (`leave-one-out`). */
export interface UpdateGroupPolicyInput {
  readonly checkpoint: CheckpointRef;
  /** The warm-up checkpoint, frozen: the KL penalty's reference. */
  readonly reference: CheckpointRef;
  readonly train: DataSetRef;
  /** Scored objects of the round's shards. */
  readonly scored: readonly ObjectRef[];
  readonly baseline: 'group' | 'leave-one-out';
  readonly settings: GroupPolicySpec;
  readonly maxAnswerTokens: number;
  readonly seed: number;
  readonly round: number;
  /** Rounds of the whole run: a learning-rate schedule spans them. */
  readonly rounds: number;
  readonly freshOptimiser: boolean;
}
export interface UpdateGroupPolicyResult {
  readonly checkpoint: CheckpointRef;
  readonly metrics: GroupPolicyMetrics;
  readonly steps: number;
  readonly work: Work;
}

/**
 * One round of cross-entropy on the right answers among scored samples and, with the share that `annotatedShare` gives them, on
 * the annotated answers of the same questions.
 */
export interface TrainOnSamplesInput {
  readonly checkpoint: CheckpointRef;
  /** The warm-up checkpoint: nothing holds the training near it, but how far it has gone is measured. */
  readonly reference: CheckpointRef;
  readonly train: DataSetRef;
  /** Scored objects of the round's shards. */
  readonly scored: readonly ObjectRef[];
  /** Of the loss, 0 … 1; the right samples have the rest. */
  readonly annotatedShare: number;
  readonly settings: SampleTrainingSpec;
  readonly seed: number;
  readonly round: number;
  /** Rounds of the whole run: a learning-rate schedule spans them. */
  readonly rounds: number;
  readonly freshOptimiser: boolean;
}
export interface TrainOnSamplesResult {
  /** The one given where there was nothing to train on. */
  readonly checkpoint: CheckpointRef;
  /**
   * KL to the reference and entropy of the samples, named as in `PolicyMetrics`; `loss` and `gradientNorm`, means over the steps,
   * where there were any.
   */
  readonly metrics: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly work: Work;
}

/** Adds right samples to the annotated answers: what offline self-training trains on. */
export interface AddSamplesInput {
  readonly train: DataSetRef;
  /** Scored objects; all samples of a question are in one of them. */
  readonly scored: readonly ObjectRef[];
  readonly keepPerQuestion: number;
  readonly tokenizer: ObjectRef;
  readonly endToken: number;
  readonly padToken: number;
}
export interface AddSamplesResult {
  /** The annotated examples, then the samples as further examples. */
  readonly train: DataSetRef;
  readonly added: number;
}

/** One epoch of the two-class reward model: the trunk of `checkpoint` with a head on the last token. */
export interface TrainRewardModelInput {
  readonly checkpoint: CheckpointRef;
  readonly train: DataSetRef;
  readonly scored: readonly ObjectRef[];
  readonly rewardModel: RewardModelSpec;
  readonly seed: number;
  readonly epoch: number;
}
export interface TrainRewardModelResult {
  readonly checkpoint: CheckpointRef;
  readonly loss: number;
  /** Share of its training samples judged on the right side of ½. */
  readonly accuracy: number;
  readonly steps: number;
  readonly work: Work;
}

export interface JudgeSamplesInput {
  readonly rewardModel: CheckpointRef;
  readonly data: DataSetRef;
  readonly scored: ObjectRef;
}
export interface JudgeSamplesResult {
  /** Lines of `Judgement`, in the scored object's order. */
  readonly judged: ObjectRef;
  readonly work: Work;
}

/** A share of right answers with its 95 % Wilson interval, all in percent (0 … 100). */
export interface Accuracy {
  readonly percent: number;
  readonly low: number;
  readonly high: number;
  readonly correct: number;
  readonly count: number;
}

/** Turns scored (and judged) samples of one model into the figures of the table. */
export interface TallyEvaluationInput {
  readonly data: DataSetRef;
  readonly greedy: readonly ObjectRef[];
  /** K samples a question, all of a question in one object; `judged` aligned with `sampled` where there is a reward model. */
  readonly sampled: readonly ObjectRef[];
  readonly judged: readonly ObjectRef[];
}
export interface EvaluationFigures {
  readonly top1: Accuracy;
  readonly voting?: Accuracy;
  readonly reranking?: Accuracy;
  /** Votes weighted by the reward model's probability. */
  readonly weightedVoting?: Accuracy;
  readonly upperBound?: Accuracy;
  /** pass@k in percent without bias, for k = 1, 2, 4, … and the number of samples. */
  readonly passAt?: readonly { readonly k: number; readonly percent: number }[];
  readonly samples: number;
}
export interface TallyEvaluationResult {
  readonly figures: EvaluationFigures;
  /** Lines of `Verdict`, one a question. */
  readonly verdicts: ObjectRef;
}

/** One line of a verdicts object (JSON Lines): what came of one question, whether each way to answer it got it right. */
export interface Verdict {
  readonly top1: boolean;
  readonly voting?: boolean;
  readonly reranking?: boolean;
  readonly weightedVoting?: boolean;
  /** How many of its samples are right; absent without samples. */
  readonly correct?: number;
}

/** A point of the report's curves. `phase` names the curve's stretch, `step` its x axis (epoch or round). */
export interface CurvePoint {
  readonly phase: 'warm-up' | TrainingPhase | 'reward-model';
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A sign that training by rewards goes wrong: shown wherever the run is, never stopping it. */
export interface TrainingWarning {
  readonly kind: WarningKind;
  /** What was seen when it was last seen, what it means, and what helps. */
  readonly message: string;
  /** First and last round, counted from 1, in which it was seen. */
  readonly from: number;
  readonly to: number;
}
export type WarningKind =
  | 'entropy-collapse'
  | 'kl-blow-up'
  | 'steps-too-large'
  | 'reward-hacking'
  | 'useless-critic'
  | 'mostly-truncated'
  | 'nothing-extracted';

/** Appends curve points to the run's chain of metrics objects, so that workflow history stays small. */
export interface RecordCurveInput {
  readonly previous: ObjectRef | null;
  readonly points: readonly CurvePoint[];
}

/** Of the warm-up, and of what each method made of it. */
export type RunFigures = { readonly warmUp: EvaluationFigures } & {
  readonly [Name in MethodName]?: EvaluationFigures;
};

export interface PublishRunInput {
  readonly runId: string;
  readonly title: string;
  readonly spec: unknown;
  readonly model: CheckpointRef;
  readonly data: PreparedData;
  readonly figures: RunFigures;
  readonly curve: ObjectRef | null;
  /** Points not yet flushed to `curve`. */
  readonly points: readonly CurvePoint[];
  /** Scored objects (greedy, test set) to show right and wrong answers from. */
  readonly sampled: readonly ObjectRef[];
  readonly work: Readonly<Record<string, Work>>;
  readonly notes: readonly string[];
  /** The pretrained model it started from, as `PretrainedModel` names it. */
  readonly startedFrom?: string;
  readonly warnings: readonly TrainingWarning[];
}
/** What a run leaves under `runs/<run id>/`. Keys are full S3 keys. */
export interface PublishRunResult {
  readonly bucket: string;
  readonly prefix: string;
  readonly report: string;
  readonly result: string;
  readonly samples: string;
}

/** What an evaluation leaves: the figures of one model on one data set. */
export interface PublishEvaluationInput {
  readonly evaluationId: string;
  readonly title: string;
  readonly spec: unknown;
  /** What the model is called. */
  readonly model: string;
  readonly data: PreparedData;
  readonly figures: EvaluationFigures;
  /** Its greedy answers, scored. */
  readonly answers: readonly ObjectRef[];
  readonly work: Readonly<Record<string, Work>>;
  readonly notes: readonly string[];
}
export interface PublishEvaluationResult {
  readonly bucket: string;
  readonly prefix: string;
  readonly report: string;
  readonly result: string;
  readonly samples: string;
}

/** A row of a comparison: the warm-up, or what a method made of it. */
export type ComparedModel = keyof RunFigures;

/** What a child of a comparison is for: each has a result that a later comparison may take over. */
export type ComparisonUnit = 'warm-up' | 'reward-model' | 'training' | 'evaluation';

/** Asks whether a child with the same content has been done before, by whatever comparison. */
export interface RecallResultInput {
  readonly unit: ComparisonUnit;
  /** Of the code that gives its result. */
  readonly edition: number;
  /** Everything that its result depends on. */
  readonly content: unknown;
}
export interface RecallResultResult {
  /** Where its result lies or will lie: `comparisons/<unit>/<sha256 of edition and content>.json`. */
  readonly key: string;
  readonly result?: unknown;
}
export interface KeepResultInput {
  readonly key: string;
  readonly result: unknown;
}

/** One evaluated model of a comparison. */
export interface ComparedVerdicts {
  readonly model: ComparedModel;
  /** Of its training; absent for the warm-up, which all trainings share. */
  readonly seed?: number;
  readonly checkpoint: CheckpointRef;
  readonly verdicts: ObjectRef;
}
/** How the training of one method with one seed went. */
export interface ComparedTraining {
  readonly model: MethodName;
  readonly seed: number;
  /** Epochs or rounds in all. */
  readonly done: number;
  /** After how many of them it was best on validation, and its accuracy there in percent. */
  readonly step: number;
  readonly accuracy: number;
  /** Of the last epoch or round, by name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly warnings: readonly TrainingWarning[];
}
export interface PublishComparisonInput {
  readonly comparisonId: string;
  readonly title: string;
  readonly spec: unknown;
  readonly models: readonly ComparedVerdicts[];
  readonly trainings: readonly ComparedTraining[];
  /** What all of its models learned from and were tested on. */
  readonly data: PreparedData;
  /** Samples a question. */
  readonly samples: number;
  /** Children that failed, in words. */
  readonly failures: readonly string[];
  readonly notes: readonly string[];
  readonly work: Readonly<Record<string, Work>>;
}
export interface PublishComparisonResult {
  readonly bucket: string;
  readonly prefix: string;
  readonly report: string;
  readonly result: string;
  readonly figures: ComparisonFigures;
}

/** A model under a measure, over its seeds: all in percent. */
export interface MeasureFigures {
  readonly measure: MeasureName;
  /** In the order of the row's seeds; a single one for the warm-up. */
  readonly perSeed: readonly number[];
  readonly mean: number;
  /** Between seeds; absent for a single one. */
  readonly standardDeviation?: number;
  /** The mean's 95 % bootstrap interval. */
  readonly low: number;
  readonly high: number;
}
/** How far `a` is above `b` under a measure, on the same questions, in points of percent. */
export interface PairFigures {
  readonly measure: MeasureName;
  readonly a: ComparedModel;
  readonly b: ComparedModel;
  readonly difference: number;
  /** Its 95 % bootstrap interval. */
  readonly low: number;
  readonly high: number;
  /** Of the exact paired permutation test, two-sided; `pCorrected` is Holm's for all pairs under this measure. */
  readonly p: number;
  readonly pCorrected: number;
  /** Seeds that have both. */
  readonly seeds: number;
}
export interface ComparisonFigures {
  readonly measures: readonly MeasureName[];
  readonly rows: readonly {
    readonly model: ComparedModel;
    /** None for the warm-up, which all seeds share. */
    readonly seeds: readonly number[];
    readonly measures: readonly MeasureFigures[];
  }[];
  readonly pairs: readonly PairFigures[];
  /** Test questions, the same for all. */
  readonly questions: number;
  /** K of voting and reranking. */
  readonly samples: number;
}

/** Every activity, by the task queue that serves it. */
export interface EngineActivities {
  importModel(input: ImportModelInput): Promise<PretrainedModel>;
  initialiseModel(input: InitialiseModelInput): Promise<CheckpointRef>;
  planTraining(input: PlanTrainingInput): Promise<TrainingPlan>;
  trainSupervised(input: TrainSupervisedInput): Promise<TrainSupervisedResult>;
  rollout(input: RolloutInput): Promise<RolloutResult>;
  updatePolicy(input: UpdatePolicyInput): Promise<UpdatePolicyResult>;
  updateGroupPolicy(input: UpdateGroupPolicyInput): Promise<UpdateGroupPolicyResult>;
  trainOnSamples(input: TrainOnSamplesInput): Promise<TrainOnSamplesResult>;
  trainRewardModel(input: TrainRewardModelInput): Promise<TrainRewardModelResult>;
  judgeSamples(input: JudgeSamplesInput): Promise<JudgeSamplesResult>;
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

/** Progress an activity heartbeats: shown in the UI under Pending Activities, and read by a retry. */
export interface ActivityProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}
