/** Log-probabilities, entropies and values of given answers under a model, without gradients. */
import type { ModelFiles, TokenSequence } from '../api.js';
import { loadModel } from '../runtime/modelCache.js';
import { float32, int64 } from '../runtime/tensors.js';
import { groupByLength, layOutAnswers, sequenceFeeds, withinTokens } from './layout.js';
import { answersProgram } from './programs.js';
import { programSession } from './sessions.js';
import { runProgram } from './trainer.js';

/** Padded tokens in one forward pass: bounds its memory. */
const tokenBudget = 8_192;

/** Each array has one entry an answer token. */
export interface AnswerScores {
  readonly logProbs: Float32Array;
  /** Empty where they were not asked for. */
  readonly entropies: Float32Array;
  /** Zeros where the model has no value head yet. */
  readonly values: Float32Array;
}

/** Scores of each sequence, in order; entropies where they are asked for, as they cost a pass over the vocabulary. */
export async function scoreAnswers(
  files: ModelFiles,
  sequences: readonly TokenSequence[],
  { entropies = false } = {},
): Promise<readonly AnswerScores[]> {
  const parameters = await loadModel(files);
  const values = parameters.has('value_head.weight');
  const asked = { values, entropies };
  const { program, session } = await programSession(`answers ${JSON.stringify([asked, files.config])}`, () =>
    answersProgram(files.config, asked),
  );
  const scores = new Array<AnswerScores>(sequences.length);
  const lengths = sequences.map(({ prompt, answer }) => prompt.length + answer.length);
  for (const group of groupByLength(lengths, withinTokens(lengths, tokenBudget))) {
    const layout = layOutAnswers(group.flatMap((index) => sequences[index] ?? []));
    const answers = layout.labels.length;
    const outputs = {
      log_probs: new Float32Array(answers),
      ...(entropies ? { entropies: new Float32Array(answers) } : {}),
      ...(values ? { values: new Float32Array(answers) } : {}),
    };
    await runProgram(
      program,
      session,
      parameters,
      { ...sequenceFeeds(layout), labels: int64(layout.labels, [answers]) },
      Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, float32(data, [answers])])),
    );
    let start = 0;
    group.forEach((index, row) => {
      const end = start + (layout.answerLengths[row] ?? 0);
      scores[index] = {
        logProbs: outputs.log_probs.slice(start, end),
        entropies: outputs.entropies?.slice(start, end) ?? new Float32Array(0),
        values: outputs.values?.slice(start, end) ?? new Float32Array(end - start),
      };
      start = end;
    });
  }
  return scores;
}
