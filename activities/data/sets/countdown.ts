/** The data set `countdown`: number puzzles made on the spot. Several answers are right, so that a verifier has to judge them. */
import { naturalAnswer } from '../format.js';
import { writeChain } from '../problems/chain.js';
import { drawPuzzle, puzzleForm, writeExpression, writePuzzle } from '../problems/countdown.js';
import { fillSets } from '../problems/fillSets.js';
import type { DataRequest } from './dataSet.js';
import { type GeneratedSets, sizesOf } from './generated.js';

/**
 * Puzzles whose sets share no target with the same numbers. The answer is an expression: the program's result, or what a chain of its
 * steps ends with. `answerValue` is the target.
 */
export async function countdown({ data, seed }: Pick<DataRequest, 'data' | 'seed'>): Promise<GeneratedSets> {
  const sets = await fillSets('countdown', sizesOf(data), (candidate) => {
    const puzzle = drawPuzzle(seed, candidate, data.largestNumber);
    const expression = writeExpression(puzzle);
    const steps = () => writeChain({ expression: puzzle.expression, things: '' });
    return {
      canonicalForm: puzzleForm(puzzle),
      question: writePuzzle(puzzle),
      answerValue: puzzle.target,
      annotate: () =>
        data.cot === 'natural' ? naturalAnswer(steps(), expression) : `    result = ${expression}\n    return result`,
    };
  });
  return { ...sets, answerKind: 'number', files: [], dropped: {} };
}
