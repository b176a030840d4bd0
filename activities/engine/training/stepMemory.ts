/** What a training step needs in memory, told from its graph and the shapes of its weights before anything is loaded. */

import { allAt } from '../../invariant.js';
import { maxWorkerThreads } from '../threads/workerThreads.js';
import type { UpdateGraph } from './graphs.js';
import type { TokenSequence } from './layout.js';
import { type MemoryModel, memoryModel, weightBytes } from './memory.js';
import { arenaSlack, type MemoryBudget } from './memoryBudget.js';
import { dealToThreads, groupSizes, type StepMemory, splitBatch } from './microBatches.js';
import { buildAccumulation, type Training } from './objectives.js';
import type { PolicyMemory } from './policyMemory.js';

/** Bytes of an engine process that has done nothing yet: Node, onnxruntime, this graph. */
const idleProcess = 150 * 2 ** 20;

/** Bytes of a worker thread's thread. */
const threadBytes = 40 * 2 ** 20;
/** Bytes: operators of larger models are worth sharing out, and copies of their weights cost what worker threads gain. */
const mostWeightsInThreads = 2 ** 27;
/** The share of the memory for training that worker threads may take for copies and gradients. */
const threadsShare = 0.25;

/** What a step takes whatever the budget, told from its graphs. */
export interface StepGraphs {
  /** Bytes of weights in training, and of those that are only read. */
  readonly trained: number;
  readonly frozen: number;
  /** Bytes of the optimiser's state. */
  readonly state: number;
  /** One run on a whole batch. */
  readonly whole: MemoryModel;
  /** One run on a micro-batch. */
  readonly part: MemoryModel;
}

/** @param update the graph that takes a step on a whole batch. */
export function stepGraphs(training: Training, update: UpdateGraph): StepGraphs {
  /** Made when the first batch does not run whole. */
  let part: MemoryModel | undefined;
  return {
    trained: weightBytes(update.parameters),
    frozen: weightBytes(update.frozen),
    state: weightBytes(update.state),
    whole: memoryModel(update.graph),
    part: (sizes) => {
      part ??= memoryModel(buildAccumulation(training).graph);
      return part(sizes);
    },
  };
}

export function stepMemory({ trained, frozen, state, whole, part }: StepGraphs, budget: MemoryBudget): StepMemory {
  /** All worker threads but the first have a thread and a copy of the weights; gradients every worker thread has. */
  const copies = (count: number): number => (count - 1) * (threadBytes + trained);
  const most = maxWorkerThreads();
  const haveRoom = copies(most) + most * trained <= threadsShare * budget.training;
  // Frozen weights are never copied.
  const workerThreads = frozen === 0 && trained <= mostWeightsInThreads && haveRoom ? most : 1;
  const held = {
    frozenWeights: frozen,
    weights: trained + copies(workerThreads),
    optimiserState: state,
  };
  return {
    held,
    kept: Object.values(held).reduce((total, bytes) => total + bytes, 0),
    sums: trained,
    workerThreads,
    whole,
    part,
    usable: budget.training,
    run: budget.microBatch,
  };
}

/** What a step's memory is made of, in bytes. Gradients of a batch that runs whole are among the activations. */
export interface StepParts {
  readonly frozenWeights: number;
  /** Those in training, and copies of them in worker threads. */
  readonly weights: number;
  readonly optimiserState: number;
  readonly gradients: number;
  readonly activations: number;
  /** The policy's and the reference's, which answers are scored with. */
  readonly scoredWeights: number;
  /** Activations of a scoring pass. */
  readonly scoring: number;
  /** The engine process without them. */
  readonly process: number;
}

export interface StepNeed {
  /** The engine process's memory at its peak: in the step, or in scoring for the next. The sum of the parts. */
  readonly bytes: number;
  readonly parts: StepParts;
  /** Of the largest micro-batch. */
  readonly sequences: number;
  /** Behind each other; 1 where the batch fits at once. */
  readonly microBatches: number;
}

/**
 * @param policy what the step's round holds besides, where it is one of policy training.
 * @throws InsufficientMemory when the longest sequence does not fit by itself.
 */
export function stepNeed(
  batch: readonly TokenSequence[],
  memory: StepMemory,
  policy: PolicyMemory = { weights: 0, scoring: 0 },
): StepNeed {
  const groups = splitBatch(batch, memory);
  const sizes = groups.map((group) => groupSizes(allAt(batch, group)));
  const isWhole = groups.length === 1;
  const workerThreads = dealToThreads(sizes, memory.workerThreads);
  const run = isWhole ? memory.whole : memory.part;
  const activations = workerThreads.reduce((total, share) => total + Math.max(...share.map(run)), 0);
  const parts = {
    ...memory.held,
    gradients: isWhole ? 0 : workerThreads.length * memory.sums,
    activations: arenaSlack * activations,
    scoredWeights: policy.weights,
    // The session of the steps keeps its memory, so the next round scores beside it.
    scoring: arenaSlack * policy.scoring,
    process: idleProcess,
  };
  return {
    bytes: Math.round(Object.values(parts).reduce((total, bytes) => total + bytes, 0)),
    parts,
    sequences: Math.max(...groups.map((group) => group.length)),
    microBatches: Math.ceil(groups.length / memory.workerThreads),
  };
}
