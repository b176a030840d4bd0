/** The task `planTraining`: what the training steps of a run will need in memory, before any is taken. */

import { InsufficientMemory } from '../../errors.js';
import type { LoraConfig } from '../lora/adapters.js';
import type { ModelConfig } from '../models/index.js';
import type { OptimiserSettings } from '../optim/index.js';
import { machine } from '../ort/machine.js';
import { bindAlgorithm } from '../rl/index.js';
import type { TaskFunction } from '../threads/task.js';
import { updateGraph } from '../training/graphs.js';
import type { TokenSequence } from '../training/layout.js';
import { usableMemory } from '../training/memory.js';
import { buildObjective, type ObjectiveChoice, type Training } from '../training/objectives.js';
import { type PolicyMemory, policyMemory } from '../training/policyMemory.js';
import { stepMemory, stepNeed } from '../training/stepMemory.js';

/** A kind of training step that a run will take, at its largest. */
export type PlannedStep = ObjectiveChoice & {
  /** What the caller knows it by. */
  readonly name: string;
  readonly optimiser: OptimiserSettings;
  readonly sequences: number;
  /** Tokens of each, at most. */
  readonly promptTokens: number;
  readonly answerTokens: number;
};

/** What steps need in memory, told before any is taken. InsufficientMemory where one cannot fit. */
export interface PlanTrainingTask {
  readonly input: {
    readonly config: ModelConfig;
    readonly lora?: LoraConfig;
    readonly steps: readonly PlannedStep[];
  };
  readonly output: {
    /**
     * In order. `bytes` is the engine process's memory at its peak, scoring of rollouts included; a batch too large for one run
     * is split.
     */
    readonly steps: readonly { readonly name: string; readonly bytes: number; readonly microBatches: number }[];
    /** What training may take of `machineBytes`, the memory of the machine or its container. */
    readonly usableBytes: number;
    readonly machineBytes: number;
  };
}

export const planTraining: TaskFunction<PlanTrainingTask> = async ({ config, lora, steps }) => {
  const usableBytes = usableMemory();
  const planned = steps.map((step) => {
    const training: Training = { ...step, config, lora };
    const memory = stepMemory(training, updateGraph(buildObjective(training), step.optimiser), usableBytes);
    try {
      return { name: step.name, ...stepNeed(largestBatch(step), memory, roundMemory(step, config, lora)) };
    } catch (error) {
      if (error instanceof InsufficientMemory) throw new InsufficientMemory(`${step.name}: ${error.message}`);
      throw error;
    }
  });
  return { steps: planned, usableBytes, machineBytes: machine.memoryBytes };
};

/** Undefined for a step whose round scores no answers. */
function roundMemory(step: PlannedStep, config: ModelConfig, lora: LoraConfig | undefined): PolicyMemory | undefined {
  if (step.objective !== 'policy') return undefined;
  return policyMemory(config, lora, longestSequence(step), bindAlgorithm(step.algorithm).critic);
}

function largestBatch(step: PlannedStep): readonly TokenSequence[] {
  return new Array<TokenSequence>(step.sequences).fill(longestSequence(step));
}

function longestSequence({ promptTokens, answerTokens }: PlannedStep): TokenSequence {
  return { prompt: new Array<number>(promptTokens).fill(0), answer: new Array<number>(answerTokens).fill(0) };
}
