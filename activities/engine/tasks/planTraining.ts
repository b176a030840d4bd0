/**
 * The task `planTraining`: the memory that a run will need, told from shapes before anything is loaded, and the budget that it is given.
 *
 * What cannot fit is refused here, with the size of each part and with what would make it fit.
 */

import { InsufficientMemory } from '../../errors.js';
import type { LoraConfig } from '../lora/adapters.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import { createOptimiser, type OptimiserSettings } from '../optim/index.js';
import { bindAlgorithm } from '../rl/index.js';
import { rowsTogether } from '../sampling/generate.js';
import { bytesPerRow } from '../sampling/keyValueCache.js';
import type { TaskFunction } from '../threads/task.js';
import type { TokenSequence } from '../training/layout.js';
import type { MemoryModel } from '../training/memory.js';
import {
  budgetOf,
  type DeviceRoom,
  deviceRoom,
  leftForMicroBatch,
  type MemoryBudget,
} from '../training/memoryBudget.js';
import { buildUpdate, type ObjectiveChoice, type Training } from '../training/objectives.js';
import { policyMemory, scoringModels } from '../training/policyMemory.js';
import { insufficientMemory, type Remedy } from '../training/refusal.js';
import { type StepGraphs, type StepNeed, stepGraphs, stepMemory, stepNeed } from '../training/stepMemory.js';
import type { ComputeSettings } from '../weights/modelFiles.js';

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

/** The longest answers that a run will sample. */
export interface PlannedAnswers {
  readonly promptTokens: number;
  readonly answerTokens: number;
}

export interface PlanTrainingTask {
  readonly input: {
    readonly config: ModelConfig;
    readonly lora?: LoraConfig;
    readonly compute?: ComputeSettings;
    readonly steps: readonly PlannedStep[];
    readonly answers?: PlannedAnswers;
    /** Left out: chosen from what there is. */
    readonly memory?: MemoryBudget | undefined;
    /** What the run that this one goes on from kept to: taken again where all steps fit. */
    readonly before?: MemoryBudget;
    /** Left out: this machine's device. */
    readonly room?: DeviceRoom;
  };
  readonly output: {
    /** In order. `bytes` is the memory at its peak, scoring of rollouts included; a batch too large for one run is split. */
    readonly steps: readonly ({ readonly name: string } & StepNeed)[];
    /** How many answers are decoded together, and the bytes of their cache. */
    readonly rollouts?: { readonly rows: number; readonly cacheBytes: number };
    /** What training may take of the device's memory, or of its share of the machine's. */
    readonly usableBytes: number;
    readonly room: DeviceRoom;
    /** What every task of the run is to keep to. */
    readonly budget: MemoryBudget;
  };
}

type Input = PlanTrainingTask['input'];
type Model = Pick<Training, 'config' | 'lora' | 'compute'>;
type NamedNeed = { readonly name: string } & StepNeed;

/** @throws InsufficientMemory where a step cannot fit. */
export const planTraining: TaskFunction<PlanTrainingTask> = async (input) => {
  const room = input.room ?? deviceRoom();
  const graphs = rememberGraphs();
  const { budget, steps, fits } = chooseBudget(input, room, graphs);
  if (!fits) throw insufficientMemory(largestOf(steps), room, budget, remediesFor(input, room, graphs));
  return { steps, ...rolloutsOf(input, budget), usableBytes: budget.training, room, budget };
};

interface Plan {
  readonly budget: MemoryBudget;
  readonly steps: readonly NamedNeed[];
  readonly fits: boolean;
}

/**
 * The first budget that all steps fit into: that of the run before, that of the device's size, one with smaller micro-batches, or one
 * sequence at a time.
 */
function chooseBudget(
  { steps, memory, before, ...model }: Pick<Input, 'config' | 'lora' | 'compute' | 'steps' | 'memory' | 'before'>,
  room: DeviceRoom,
  graphs: Graphs,
): Plan {
  const whole = memory ?? budgetOf(room);
  const most = mostBytes(room, whole);
  const plan = (budget: MemoryBudget): Plan => {
    const found = steps.map((step) => needIn(budget, step, model, graphs));
    return {
      budget,
      steps: found.map(({ need }) => need),
      fits: found.every(({ isSplit, need }) => isSplit && need.bytes <= most),
    };
  };
  const again = before && plan(before);
  if (again?.fits) return again;
  const first = plan(whole);
  if (first.fits || memory) return first;
  const singly = plan({ ...whole, microBatch: 1 });
  if (!singly.fits) return singly;
  const held = Math.max(...singly.steps.map(({ bytes, parts }) => bytes - parts.activations - parts.scoring));
  const smaller = plan({ ...whole, microBatch: leftForMicroBatch(most - held) });
  return smaller.fits ? smaller : singly;
}

/** Training keeps to its share of a machine where a batch can be split. What stays between steps may take the rest. */
function mostBytes({ device, bytes }: DeviceRoom, { training }: MemoryBudget): number {
  return device === 'cuda' ? training : Math.max(training, bytes);
}

/** What is told from the graphs of a step, and from those that score for it. */
interface Graphs {
  readonly step: (step: PlannedStep, model: Model) => StepGraphs;
  readonly scoring: (step: PlannedStep & { readonly objective: 'policy' }, model: Model) => readonly MemoryModel[];
}

/**
 * Builds each graph once, and asks it once for each size: to build those of a large model takes seconds, and a plan asks again and again,
 * for other budgets and lengths.
 */
function rememberGraphs(): Graphs {
  const steps = new Map<string, StepGraphs>();
  const scorings = new Map<string, readonly MemoryModel[]>();
  return {
    step(step, { config, lora, compute }) {
      const { optimiser } = step;
      const choice = step.objective === 'policy' ? step.algorithm : step.objective;
      const key = JSON.stringify([
        choice,
        createOptimiser(optimiser).key,
        optimiser.maxGradNorm,
        config,
        lora,
        compute,
      ]);
      const training: Training = { ...step, config, lora, compute };
      return remembered(steps, key, () => {
        const graphs = stepGraphs(training, buildUpdate(training, optimiser));
        return { ...graphs, whole: rememberSizes(graphs.whole), part: rememberSizes(graphs.part) };
      });
    },
    scoring({ algorithm }, model) {
      const { critic } = bindAlgorithm(algorithm);
      const key = JSON.stringify([critic, model.config, model.compute]);
      return remembered(scorings, key, () => scoringModels(model, critic).map(rememberSizes));
    },
  };
}

function rememberSizes(memory: MemoryModel): MemoryModel {
  const bytes = new Map<string, number>();
  return (sizes) => remembered(bytes, JSON.stringify(sizes), () => memory(sizes));
}

function remembered<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const known = values.get(key);
  if (known !== undefined) return known;
  const made = make();
  values.set(key, made);
  return made;
}

/** What a step needs that keeps to a budget; where no split of its batch does, with one sequence at a time. */
function needIn(
  budget: MemoryBudget,
  step: PlannedStep,
  model: Model,
  graphs: Graphs,
): { readonly need: NamedNeed; readonly isSplit: boolean } {
  const memory = stepMemory(graphs.step(step, model), budget);
  const longest = longestSequence(step);
  const batch = new Array<TokenSequence>(step.sequences).fill(longest);
  const round =
    step.objective === 'policy' ? policyMemory(model, graphs.scoring(step, model), longest, budget) : undefined;
  const named = (need: StepNeed): NamedNeed => ({ name: step.name, ...need });
  try {
    return { need: named(stepNeed(batch, memory, round)), isSplit: true };
  } catch (error) {
    if (!(error instanceof InsufficientMemory)) throw error;
    const singly = { ...memory, usable: Number.POSITIVE_INFINITY, run: 0 };
    return { need: named(stepNeed(batch, singly, round)), isSplit: false };
  }
}

function largestOf(steps: readonly NamedNeed[]): NamedNeed {
  return steps.reduce((most, step) => (step.bytes > most.bytes ? step : most));
}

const suggestedLora: LoraConfig = { rank: 16, alpha: 32, targetModules: 'all-linear' };

const leastMemory: ComputeSettings = { precision: 'bfloat16', recompute: true, attentionInBlocks: true };

/** What the run would need with a field of its specification changed, and with all of them. */
function remediesFor({ memory: _, before: __, ...input }: Input, room: DeviceRoom, graphs: Graphs): readonly Remedy[] {
  const lora = input.lora ?? suggestedLora;
  const shorter = input.steps.map((step) => ({ ...step, answerTokens: Math.ceil(step.answerTokens / 2) }));
  const changed: readonly (readonly [change: string, Input])[] = [
    ...(input.lora ? [] : [[`LoRA of rank ${lora.rank}`, { ...input, lora }] as const]),
    ['compute in bfloat16, with recompute and attentionInBlocks', { ...input, compute: leastMemory }],
    ['answers of half the length', { ...input, steps: shorter }],
    ['all of these', { ...input, lora, compute: leastMemory, steps: shorter }],
  ];
  return changed.map(([change, other]) => {
    const { steps, fits } = chooseBudget(other, room, graphs);
    return { change, bytes: largestOf(steps).bytes, fits };
  });
}

function rolloutsOf(
  { config, compute, answers }: Input,
  budget: MemoryBudget,
): Pick<PlanTrainingTask['output'], 'rollouts'> {
  if (!answers) return {};
  const { attention } = languageModel(config);
  const capacity = answers.promptTokens + answers.answerTokens;
  const precision = compute?.precision;
  const rows = rowsTogether(attention, capacity, precision, budget);
  return { rollouts: { rows, cacheBytes: rows * bytesPerRow(attention, capacity, precision) } };
}

function longestSequence({ promptTokens, answerTokens }: PlannedAnswers): TokenSequence {
  return { prompt: new Array<number>(promptTokens).fill(0), answer: new Array<number>(answerTokens).fill(0) };
}
