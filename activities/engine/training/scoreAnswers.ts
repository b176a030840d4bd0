/** Log-probabilities, entropies and values of given answers under a model, without gradients. */

import { allAt, at } from '../../invariant.js';
import { chosenDevice } from '../ort/devices.js';
import { float32, int64 } from '../ort/tensors.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { loadModel } from '../weights/modelFiles.js';
import type { TokenSequence } from './layout.js';
import { groupByLength, layOutAnswers, sequenceFeeds, trainedLength, withinTokens } from './layout.js';
import { type MemoryModel, memoryModel } from './memory.js';
import { type MemoryBudget, machineBudget, passShare } from './memoryBudget.js';
import { groupSizes } from './microBatches.js';
import { runGraph } from './runGraph.js';
import { answersGraph } from './scoringGraphs.js';
import { graphSession, releaseSession, stays } from './sessions.js';

/** Padded tokens in one forward pass: more make it no faster. */
export const tokenBudget = 8_192;

/** Bytes one forward pass may take. */
export const passMemory = ({ microBatch }: MemoryBudget): number => passShare * microBatch;

/** Each array has one entry an answer token. */
export interface AnswerScores {
  readonly logProbs: Float32Array;
  /** Empty where they were not asked for. */
  readonly entropies: Float32Array;
  /** Zeros where the model has no value head yet. */
  readonly values: Float32Array;
}

/**
 * Scores of each sequence, in order; entropies where they are asked for, as they cost a pass over the vocabulary. Sequences are
 * scored together as far as they take no more than `bytes`.
 */
export async function scoreAnswers(
  files: ModelFiles,
  sequences: readonly TokenSequence[],
  { entropies = false, bytes = passMemory(machineBudget()) } = {},
): Promise<readonly AnswerScores[]> {
  const parameters = await loadModel(files);
  const values = parameters.has('value_head.weight');
  const asked = { values, entropies };
  const { config, compute } = files;
  const key = `answers ${JSON.stringify([asked, config, compute])}`;
  const { preferences } = chosenDevice();
  const { modelGraph, session } = await graphSession(key, () => answersGraph(config, asked, compute, preferences));
  const scores = new Array<AnswerScores>(sequences.length);
  const memory = memoryModel(modelGraph.graph);
  const groups = passes(memory, sequences, bytes);
  for (const group of groups) {
    const layout = layOutAnswers(allAt(sequences, group));
    const answers = layout.labels.length;
    const outputs = {
      log_probs: new Float32Array(answers),
      ...(entropies ? { entropies: new Float32Array(answers) } : {}),
      ...(values ? { values: new Float32Array(answers) } : {}),
    };
    await runGraph(
      modelGraph,
      session,
      parameters,
      { ...sequenceFeeds(layout), labels: int64(layout.labels, [answers]) },
      Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, float32(data, [answers])])),
    );
    let start = 0;
    group.forEach((index, row) => {
      const end = start + at(layout.answerLengths, row);
      scores[index] = {
        logProbs: outputs.log_probs.slice(start, end),
        entropies: outputs.entropies?.slice(start, end) ?? new Float32Array(0),
        values: outputs.values?.slice(start, end) ?? new Float32Array(end - start),
      };
      start = end;
    });
  }
  const largest = groups.map((group) => memory(groupSizes(allAt(sequences, group))));
  if (!largest.every(stays)) await releaseSession(key);
  return scores;
}

/**
 * Sequences of like length together, as many as take no more than `bytes`; by their indices.
 * @param memory what the graph takes that scores them.
 */
export function passes(
  memory: MemoryModel,
  sequences: readonly TokenSequence[],
  bytes: number,
): readonly (readonly number[])[] {
  const lengths = sequences.map(trainedLength);
  const isFast = withinTokens(lengths, tokenBudget);
  return groupByLength(lengths, (group) => isFast(group) && memory(groupSizes(allAt(sequences, group))) <= bytes);
}
