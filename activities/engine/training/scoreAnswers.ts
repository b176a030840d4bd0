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
  readonly entropies: Float32Array;
  /** Zeros where the model has no value head yet. */
  readonly values: Float32Array;
}

/** Scores of each sequence, in order. */
export async function scoreAnswers(
  files: ModelFiles,
  sequences: readonly TokenSequence[],
  onProgress: (done: number) => void = () => undefined,
): Promise<readonly AnswerScores[]> {
  const parameters = await loadModel(files);
  const withValues = parameters.has('value_head.weight');
  const { program, session } = await programSession(`answers ${withValues} ${JSON.stringify(files.config)}`, () =>
    answersProgram(files.config, withValues),
  );
  const scores = new Array<AnswerScores>(sequences.length);
  const lengths = sequences.map(({ prompt, answer }) => prompt.length + answer.length);
  let done = 0;
  for (const group of groupByLength(lengths, withinTokens(lengths, tokenBudget))) {
    const layout = layOutAnswers(group.flatMap((index) => sequences[index] ?? []));
    const answers = layout.labels.length;
    const outputs = {
      log_probs: new Float32Array(answers),
      entropies: new Float32Array(answers),
      ...(withValues ? { values: new Float32Array(answers) } : {}),
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
        entropies: outputs.entropies.slice(start, end),
        values: outputs.values?.slice(start, end) ?? new Float32Array(end - start),
      };
      start = end;
    });
    done += group.length;
    onProgress(done);
  }
  return scores;
}
