/** Log-probabilities, entropies and values of given answers under a model, without gradients. */

import { allAt, at } from '../../invariant.js';
import type { Graph } from '../graph/graph.js';
import { float32, int64 } from '../ort/tensors.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { loadModel } from '../weights/modelFiles.js';
import { answersGraph } from './graphs.js';
import type { TokenSequence } from './layout.js';
import { groupByLength, layOutAnswers, sequenceFeeds, trainedLength, withinTokens } from './layout.js';
import { memoryModel, usableMemory } from './memory.js';
import { groupSizes } from './microBatches.js';
import { runGraph } from './runGraph.js';
import { graphSession, releaseSession, stays } from './sessions.js';

/** Padded tokens in one forward pass: more make it no faster. */
export const tokenBudget = 8_192;

/** Bytes one forward pass may take: with a large vocabulary far fewer tokens fit than would be fast. */
export const passMemory = (): number => usableMemory() / 8;

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
  { entropies = false, bytes = passMemory() } = {},
): Promise<readonly AnswerScores[]> {
  const parameters = await loadModel(files);
  const values = parameters.has('value_head.weight');
  const asked = { values, entropies };
  const key = `answers ${JSON.stringify([asked, files.config])}`;
  const { modelGraph, session } = await graphSession(key, () => answersGraph(files.config, asked));
  const scores = new Array<AnswerScores>(sequences.length);
  const groups = passes(modelGraph.graph, sequences, bytes);
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
  const memory = memoryModel(modelGraph.graph);
  const largest = groups.map((group) => memory(groupSizes(allAt(sequences, group))));
  if (!largest.every(stays)) await releaseSession(key);
  return scores;
}

/** Sequences of like length together, as many as take no more than `bytes`; by their indices. */
export function passes(
  graph: Graph,
  sequences: readonly TokenSequence[],
  bytes: number,
): readonly (readonly number[])[] {
  const lengths = sequences.map(trainedLength);
  const memory = memoryModel(graph);
  const isFast = withinTokens(lengths, tokenBudget);
  return groupByLength(lengths, (group) => isFast(group) && memory(groupSizes(allAt(sequences, group))) <= bytes);
}
