/** What a training step needs in memory, told from its graph and the shapes of its weights before anything is loaded. */

import { allAt } from '../../invariant.js';
import { maxWorkerThreads } from '../threads/workerThreads.js';
import { accumulateGraph, type UpdateGraph } from './graphs.js';
import type { TokenSequence } from './layout.js';
import { type MemoryModel, memoryModel, runMemory, weightBytes } from './memory.js';
import { dealToThreads, groupSizes, type StepMemory, splitBatch } from './microBatches.js';
import { buildObjective, type Training } from './objectives.js';
import type { PolicyMemory } from './policyMemory.js';

/** Bytes of an engine process that has done nothing yet: Node, onnxruntime, this graph. */
const idleProcess = 150 * 2 ** 20;
/** onnxruntime's arena rounds blocks up and keeps freed ones for other sizes. */
const arenaSlack = 1.2;

/** Bytes of a worker thread's thread. */
const threadBytes = 40 * 2 ** 20;
/** Bytes: operators of larger models are worth sharing out, and copies of their weights cost what worker threads gain. */
const mostWeightsInThreads = 2 ** 27;
/** The share of the memory for training that worker threads may take for copies and gradients. */
const threadsShare = 0.25;

/**
 * @param update the graph that takes a step on a whole batch.
 * @param usable bytes that training may take.
 */
export function stepMemory(training: Training, update: UpdateGraph, usable: number): StepMemory {
  const [trained, frozen] = [weightBytes(update.parameters), weightBytes(update.frozen)];
  /** All worker threads but the first have a thread and a copy of the weights; gradients every worker thread has. */
  const copies = (count: number): number => (count - 1) * (threadBytes + trained);
  const most = maxWorkerThreads();
  const haveRoom = copies(most) + most * trained <= threadsShare * usable;
  // Frozen weights are never copied.
  const workerThreads = frozen === 0 && trained <= mostWeightsInThreads && haveRoom ? most : 1;
  /** Made when the first batch does not run whole. */
  let part: MemoryModel | undefined;
  return {
    kept: frozen + trained + weightBytes(update.state) + copies(workerThreads),
    sums: trained,
    workerThreads,
    whole: memoryModel(update.graph),
    part: (sizes) => {
      part ??= memoryModel(accumulateGraph(buildObjective(training)).graph);
      return part(sizes);
    },
    usable,
    run: runMemory(),
  };
}

export interface StepNeed {
  /** The engine process's memory at its peak: in the step, or in scoring for the next. */
  readonly bytes: number;
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
  const kept = memory.kept + (isWhole ? 0 : workerThreads.length * memory.sums) + policy.weights;
  // The session of the steps keeps its memory, so the next round scores beside it.
  const runs = activations + policy.scoring;
  return {
    bytes: Math.round(idleProcess + kept + arenaSlack * runs),
    microBatches: Math.ceil(groups.length / memory.workerThreads),
  };
}
