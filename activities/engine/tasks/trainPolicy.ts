/**
 * The task `trainPolicy`: one round of a reinforcement-learning algorithm (`rl/`) on scored rollouts.
 *
 * Log-probabilities of policy and reference, and the critic's values → the algorithm's advantages → the given mini-batches, one
 * optimiser step each with the algorithm's loss.
 */

import { TaskCancelled } from '../../errors.js';
import { at } from '../../invariant.js';
import type { ScheduledOptimiser } from '../optim/index.js';
import { rolloutDiagnostics } from '../rl/diagnostics.js';
import { type AlgorithmChoice, bindAlgorithm } from '../rl/index.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import { valueHeadShapes } from '../training/declareModel.js';
import type { TokenSequence } from '../training/layout.js';
import { type MemoryBudget, machineBudget } from '../training/memoryBudget.js';
import { takePolicySteps } from '../training/policySteps.js';
import { passMemory, scoreAnswers } from '../training/scoreAnswers.js';
import { createTrainer } from '../training/trainer.js';
import type { ModelFiles } from '../weights/modelFiles.js';

export interface TrainPolicyTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly reference: ModelFiles;
    /** `group` says which question an answer belongs to; `logProbs` are the sampler's. */
    readonly rollouts: readonly (TokenSequence & {
      readonly group: number;
      readonly reward: number;
      readonly truncated: boolean;
      readonly logProbs: readonly number[];
    })[];
    /** For each optimiser step, the rollouts it takes (indices), and its learning rate in `optimiser`. */
    readonly miniBatches: readonly (readonly number[])[];
    readonly optimiser: ScheduledOptimiser;
    readonly algorithm: AlgorithmChoice;
    readonly maxAnswerTokens: number;
    readonly outputDirectory: string;
    /** As the run was planned. */
    readonly memory?: MemoryBudget | undefined;
  };
  readonly output: {
    readonly files: ModelFiles;
    /** Of the rollouts before the update (`RolloutDiagnostics`, and the algorithm's), and means over its steps; with float16 also its `ScalingMetrics`. */
    readonly metrics: Readonly<Record<string, number>>;
    /** Of the attempt that succeeded, where memory had run out before. */
    readonly halvedMemory?: MemoryBudget;
    readonly work: EngineWork;
  };
}

export const trainPolicy: TaskFunction<TrainPolicyTask> = async (task, context) => {
  const started = performance.now();
  const { model, rollouts, miniBatches, optimiser, maxAnswerTokens, memory = machineBudget() } = task;
  const algorithm = bindAlgorithm(task.algorithm);
  const units = 2 * rollouts.length + miniBatches.reduce((total, batch) => total + batch.length, 0);
  let done = 0;
  const advance = (count: number): void => {
    if (context.isCancelled()) throw new TaskCancelled('trainPolicy was cancelled');
    done += count;
    context.onProgress(done, units);
  };
  const old = await scoreAnswers(model, rollouts, { entropies: true, bytes: passMemory(memory) });
  advance(rollouts.length);
  const reference = await scoreAnswers(task.reference, rollouts, { bytes: passMemory(memory) });
  advance(rollouts.length);

  const scored = rollouts.map(({ group, reward, truncated, logProbs: sampledLogProbs }, index) => ({
    group,
    reward,
    truncated,
    sampledLogProbs,
    ...at(old, index),
    referenceLogProbs: at(reference, index).logProbs,
  }));
  const diagnostics = rolloutDiagnostics(scored);
  const prepared = algorithm.prepare(scored, { maxAnswerTokens, diagnostics });

  const trainer = await createTrainer(
    {
      objective: 'policy',
      config: model.config,
      lora: model.adapters?.lora,
      compute: model.compute,
      algorithm: task.algorithm,
    },
    model,
    optimiser,
    algorithm.critic ? newCritic(model) : undefined,
    memory,
  );
  const steps = await takePolicySteps(trainer, task, prepared.inputsOf, advance);
  const scoredTokens = 2 * rollouts.reduce((total, { prompt, answer }) => total + prompt.length + answer.length - 1, 0);
  return {
    files: await trainer.save(task.outputDirectory),
    metrics: { ...diagnostics, ...prepared.metrics, ...steps.metrics, ...trainer.scaling() },
    work: {
      seconds: (performance.now() - started) / 1000,
      forwardTokens: scoredTokens + steps.tokens,
      backwardTokens: steps.tokens,
      generatedTokens: 0,
    },
  };
};

/** A value head of zeros, for a model that has none yet. */
function newCritic({ config }: ModelFiles) {
  const create = (_: string, shape: readonly number[]) => new Float32Array(shape.reduce((a, b) => a * b, 1));
  return { shapes: valueHeadShapes(config), create };
}
