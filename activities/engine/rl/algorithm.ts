/**
 * What a reinforcement-learning algorithm is: one module with its options, the way from rewards to advantages, its loss and its
 * metrics. `index.ts` is the registry; nothing between the spec and the module reads the options.
 *
 * Pure, so that workflows may take the options' schema from it.
 */
import type { z } from 'zod';
import type { Tensor } from '../graph/graph.js';
import type { RolloutDiagnostics } from './diagnostics.js';
import type { DynamicSampling } from './dynamicSampling.js';

/** One scored answer, before any update. Arrays have one entry per answer token. */
export interface PolicyRollout {
  /** The question it answers: rollouts of one question form a group. */
  readonly group: number;
  readonly reward: number;
  /** Whether it was cut at the most tokens an answer may have. */
  readonly truncated: boolean;
  /** log π of the policy that is about to be updated. */
  readonly logProbs: Float32Array;
  /** The same as the sampler reported it. */
  readonly sampledLogProbs: ArrayLike<number>;
  /** log π of the frozen warm-up model. */
  readonly referenceLogProbs: Float32Array;
  /** The critic's values; zeros where there is no critic, or a new one. */
  readonly values: Float32Array;
}

/** What a round knows beside its rollouts. */
export interface RoundContext {
  /** The most tokens an answer may have. */
  readonly maxAnswerTokens: number;
  readonly diagnostics: RolloutDiagnostics;
}

/** The loss's inputs of one rollout, by name: one number per answer token, or one for all of them. */
export type TokenInputs = Readonly<Record<string, ArrayLike<number> | number>>;

/** Advantages, and whatever else the loss reads, of a whole round. */
export interface PreparedRound {
  /** Inputs of the rollouts of one mini-batch (indices). The loss sums tokens by `weights` among them: a mean where they add up to 1. */
  readonly inputsOf: (miniBatch: readonly number[]) => readonly TokenInputs[];
  /** What the rollouts tell before any update. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a loss is built from. */
export interface LossInputs {
  /** `[answers]`: log π of each answer token under the parameters in training. */
  readonly logProbs: Tensor;
  /** `[answers]`: the critic's values. Only with `critic`. */
  readonly values: () => Tensor;
  /** `[answers]`: the input of that name, fed from `inputsOf`. */
  readonly perToken: (name: string) => Tensor;
  /** The mean of a tensor `[answers]` over the tokens of each answer, at each of them: `[answers]`. */
  readonly answerMeans: (x: Tensor) => Tensor;
}

/** Rank-0 tensors. */
export interface PolicyLoss {
  /** A sum over tokens by `weights`, so that micro-batches add up to the mini-batch. */
  readonly total: Tensor;
  /** Reported as means over the steps; sums by weights as well. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** Reported as the largest of any step. */
  readonly peaks: Readonly<Record<string, Tensor>>;
}

/** What options may be checked against. */
export interface SpecLimits {
  readonly maxAnswerTokens: number;
}

export interface OptionProblem {
  /** The option, and the field in it. */
  readonly path: readonly string[];
  /** What is allowed. */
  readonly message: string;
}

interface AlgorithmDefinition<Options extends z.ZodObject> {
  /** What tables call it. */
  readonly title: string;
  /** Own options with defaults, each described. */
  readonly options: Options;
  /** Whether the policy has a value head on its shared trunk. It starts at zero. */
  readonly critic: boolean;
  /** Defaults of the rounds' settings, and the fewest answers to a question that it can learn from. */
  readonly rounds: {
    readonly samplesPerQuestion: { readonly least: number; readonly default: number };
    readonly ppoEpochs: number;
  };
  /** Another algorithm, whose rounds and optimiser it takes in a spec that has no section for it. */
  readonly roundsLike?: string;
  /** Whether questions that tell nothing are replaced while a round samples, as its options say. Left out: they are not. */
  readonly dynamicSampling?: (options: z.output<Options>) => DynamicSampling | null;
  /** What is wrong with options that do not fit the rest of a specification. */
  readonly check?: (options: z.output<Options>, limits: SpecLimits) => readonly OptionProblem[];
  readonly prepare: (
    rollouts: readonly PolicyRollout[],
    options: z.output<Options>,
    context: RoundContext,
  ) => PreparedRound;
  readonly loss: (inputs: LossInputs, options: z.output<Options>) => PolicyLoss;
}

/** An algorithm with its options given. */
export interface BoundAlgorithm {
  readonly critic: boolean;
  /** Null: a round trains on all its questions. */
  readonly dynamicSampling: DynamicSampling | null;
  readonly prepare: (rollouts: readonly PolicyRollout[], context: RoundContext) => PreparedRound;
  readonly loss: (inputs: LossInputs) => PolicyLoss;
}

export interface Algorithm
  extends Omit<AlgorithmDefinition<z.ZodObject>, 'prepare' | 'loss' | 'dynamicSampling' | 'check'> {
  /** @throws ZodError when the options are not the algorithm's: a caller has checked them. */
  readonly bind: (options: unknown) => BoundAlgorithm;
  /** What is wrong with options that are the algorithm's; what is wrong with others the schema says. */
  readonly check: (options: unknown, limits: SpecLimits) => readonly OptionProblem[];
}

/** Makes a registry row: checks that `prepare` and `loss` read the options that the schema gives. */
export function algorithm<Options extends z.ZodObject>({
  prepare,
  loss,
  dynamicSampling = () => null,
  check = () => [],
  ...description
}: AlgorithmDefinition<Options>): Omit<Algorithm, 'options'> & { readonly options: Options } {
  return {
    ...description,
    check: (given, limits) => {
      const { success, data } = description.options.safeParse(given);
      return success ? check(data, limits) : [];
    },
    bind: (given) => {
      const options = description.options.parse(given);
      return {
        critic: description.critic,
        dynamicSampling: dynamicSampling(options),
        prepare: (rollouts, context) => prepare(rollouts, options, context),
        loss: (inputs) => loss(inputs, options),
      };
    },
  };
}
