/**
 * The task `trainGroupPolicy`: one round of GRPO or RLOO on scored rollouts, several to each question.
 *
 * Old and reference log-probabilities → scores, less a KL penalty where it is in the reward → advantages within each question's
 * answers → the given mini-batches, one AdamW step each.
 */

import { TaskCancelled } from '../../errors.js';
import type { ScheduledOptimiser } from '../optim/index.js';
import { rolloutDiagnostics } from '../rl/diagnostics.js';
import { groupAdvantages, mixedShare } from '../rl/groupAdvantages.js';
import type { GroupPolicyMetrics } from '../rl/metrics.js';
import type { LossNormalisation } from '../rl/normalisation.js';
import { tokenWeights } from '../rl/normalisation.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import type { TokenSequence } from '../training/layout.js';
import { takePolicySteps } from '../training/policySteps.js';
import { type AnswerScores, scoreAnswers } from '../training/scoreAnswers.js';
import { createTrainer } from '../training/trainer.js';
import type { ModelFiles } from '../weights/modelFiles.js';

/** One batch of GRPO or RLOO: advantages by comparison within groups of answers, then the mini-batches, one AdamW step each. */
export interface TrainGroupPolicyTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly reference: ModelFiles;
    /** `group` says which question an answer belongs to. */
    readonly rollouts: readonly (TokenSequence & {
      readonly group: number;
      readonly reward: number;
      readonly logProbs: readonly number[];
    })[];
    /** For each optimiser step, the rollouts it takes (indices), and its learning rate in `optimiser`. */
    readonly miniBatches: readonly (readonly number[])[];
    readonly optimiser: ScheduledOptimiser;
    readonly baseline: 'group' | 'leave-one-out';
    readonly scaleAdvantages: boolean;
    readonly normalisation: LossNormalisation;
    /** What the normalisation `constant` divides by. */
    readonly maxAnswerTokens: number;
    readonly klCoefficient: number;
    readonly klPlacement: 'reward' | 'loss';
    readonly clipRange: number;
    readonly outputDirectory: string;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly metrics: GroupPolicyMetrics;
    readonly work: EngineWork;
  };
}

type Input = TrainGroupPolicyTask['input'];

/** Everything the loss needs of one rollout; arrays have one entry an answer token. */
interface PreparedRollout {
  readonly oldLogProbs: Float32Array;
  readonly referenceLogProbs: Float32Array;
  readonly advantage: number;
}

export const trainGroupPolicy: TaskFunction<TrainGroupPolicyTask> = async (task, context) => {
  const started = performance.now();
  const { model, rollouts, miniBatches, optimiser } = task;
  const units = 2 * rollouts.length + miniBatches.reduce((total, batch) => total + batch.length, 0);
  let done = 0;
  const advance = (count: number): void => {
    if (context.isCancelled()) throw new TaskCancelled('trainGroupPolicy was cancelled');
    done += count;
    context.onProgress(done, units);
  };
  const old = await scoreAnswers(model, rollouts, { entropies: true });
  advance(rollouts.length);
  const reference = await scoreAnswers(task.reference, rollouts);
  advance(rollouts.length);
  const prepared = prepareRollouts(task, old, reference);

  const loss = { clipRange: task.clipRange, klCoefficient: task.klPlacement === 'loss' ? task.klCoefficient : 0 };
  const lora = model.adapters?.lora;
  const trainer = await createTrainer({ objective: 'groupPolicy', config: model.config, lora, loss }, model, optimiser);
  const steps = await takePolicySteps(
    trainer,
    task,
    (miniBatch) => groupPolicyInputs(task, prepared, miniBatch),
    advance,
  );
  const scoredTokens = 2 * rollouts.reduce((total, { prompt, answer }) => total + prompt.length + answer.length - 1, 0);
  return {
    files: await trainer.save(task.outputDirectory),
    metrics: {
      ...steps.metrics,
      klLoss: steps.mean('kl_loss'),
      mixedGroups: mixedShare(
        rollouts.map(({ reward }) => reward),
        rollouts.map(({ group }) => group),
      ),
      ...rolloutMetrics(task, old, reference),
    },
    work: {
      seconds: (performance.now() - started) / 1000,
      forwardTokens: scoredTokens + steps.tokens,
      backwardTokens: steps.tokens,
      generatedTokens: 0,
    },
  };
};

function prepareRollouts(
  task: Input,
  old: readonly AnswerScores[],
  reference: readonly AnswerScores[],
): readonly PreparedRollout[] {
  const penalty = task.klPlacement === 'reward' ? task.klCoefficient : 0;
  const scores = task.rollouts.map(({ reward }, index) => {
    const referenceLogProbs = reference[index]?.logProbs ?? [];
    const logProbs = old[index]?.logProbs ?? new Float32Array();
    return reward - penalty * logProbs.reduce((kl, own, token) => kl + own - (referenceLogProbs[token] ?? 0), 0);
  });
  const groups = task.rollouts.map(({ group }) => group);
  const advantages = groupAdvantages(scores, groups, { baseline: task.baseline, scale: task.scaleAdvantages });
  return advantages.map((advantage, index) => ({
    advantage,
    oldLogProbs: old[index]?.logProbs ?? new Float32Array(),
    referenceLogProbs: reference[index]?.logProbs ?? new Float32Array(),
  }));
}

/** The loss's inputs for a mini-batch's rollouts. */
function groupPolicyInputs(task: Input, prepared: readonly PreparedRollout[], miniBatch: readonly number[]) {
  const chosen = miniBatch.flatMap((index) => prepared[index] ?? []);
  const lengths = chosen.map(({ oldLogProbs }) => oldLogProbs.length);
  const weights = tokenWeights(task.normalisation, lengths, task.maxAnswerTokens);
  const shares = tokenWeights('sequence', lengths, task.maxAnswerTokens);
  return chosen.map(({ oldLogProbs, referenceLogProbs, advantage }, place) => ({
    old_log_probs: oldLogProbs,
    reference_log_probs: referenceLogProbs,
    advantages: advantage,
    weights: weights[place] ?? 0,
    shares: shares[place] ?? 0,
  }));
}

/** What the round's rollouts say of themselves, before any update. */
function rolloutMetrics(task: Input, old: readonly AnswerScores[], reference: readonly AnswerScores[]) {
  const answers = old.map((scores, index) => ({
    ...scores,
    referenceLogProbs: reference[index]?.logProbs ?? [],
    sampledLogProbs: task.rollouts[index]?.logProbs ?? [],
  }));
  const { klPerToken = 0, klPerSequence = 0, ...metrics } = rolloutDiagnostics(answers);
  return { ...metrics, klPerToken, klPerSequence, klPenalty: task.klCoefficient * klPerSequence };
}
