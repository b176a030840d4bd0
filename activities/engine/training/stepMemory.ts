/** What a training step needs in memory, told from its graph and the shapes of its weights before anything is loaded. */
import type { TokenSequence } from '../api.js';
import type { ParameterShapes } from '../models/languageModel.js';
import { elementCount, type MemoryModel, memoryModel, runMemory } from './memory.js';
import { groupSizes, type StepMemory, splitBatch } from './microBatches.js';
import type { PolicyMemory } from './policyMemory.js';
import { accumulateProgram, type Objective, type TrainingProgram } from './programs.js';

/** Bytes of an engine process that has done nothing yet: Node, onnxruntime, this program. */
const idleProcess = 150 * 2 ** 20;
/** onnxruntime's arena rounds blocks up and keeps freed ones for other sizes. */
const arenaSlack = 1.2;

/**
 * @param update the program that takes a step on a whole batch.
 * @param build gives a new objective of the same kind.
 * @param usable bytes that training may take.
 */
export function stepMemory(update: TrainingProgram, build: () => Objective, usable: number): StepMemory {
  const trained = weightBytes(update.parameters);
  /** Made when the first batch does not fit whole. */
  let part: MemoryModel | undefined;
  return {
    kept: weightBytes(update.frozen) + 3 * trained,
    sums: trained,
    whole: memoryModel(update.graph),
    part: (sizes) => {
      part ??= memoryModel(accumulateProgram(build()).graph);
      return part(sizes);
    },
    usable,
    run: runMemory(),
  };
}

export interface StepNeed {
  /** The engine process's memory at its peak: in the step, or in scoring for the next. */
  readonly bytes: number;
  /** 1 where the batch fits whole. */
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
  const sizes = groups.map((group) => groupSizes(group.flatMap((index) => batch[index] ?? [])));
  const run = groups.length === 1 ? memory.whole : memory.part;
  const activations = Math.max(...sizes.map(run));
  const kept = memory.kept + (groups.length === 1 ? 0 : memory.sums) + policy.weights;
  // The session of the steps keeps its memory, so the next round scores beside it.
  const runs = activations + policy.scoring;
  return { bytes: Math.round(idleProcess + kept + arenaSlack * runs), microBatches: groups.length };
}

function weightBytes(shapes: ParameterShapes): number {
  return shapes.reduce((total, [, shape]) => total + 4 * elementCount(shape, {}), 0);
}
