/** Runs annotated programs that nobody vouches for, and keeps those whose value is the annotated answer. */

import { at, required } from '../invariant.js';
import type { AnswerKind } from '../rewards/answerFormat.js';
import { programFrom } from '../rewards/answerFormat.js';
import { type Comparison, sameAnswer } from '../rewards/compareAnswers.js';
import { extractFromProgram } from '../rewards/extractAnswer.js';
import type { SandboxPool } from '../rewards/sandbox/pool.js';
import type { Dropped } from './dropped.js';
import type { Question } from './questions.js';
import type { RowsRead } from './rows/readRows.js';

export interface ProvingRequest {
  readonly kind: AnswerKind;
  readonly comparison: Comparison;
  readonly sandbox: Pick<SandboxPool, 'run'>;
  readonly signal: AbortSignal;
}

/** The questions, in order, without those whose program is unproven and fails or gives another answer. */
export async function provePrograms(
  { questions, unproven }: RowsRead,
  { kind, comparison, sandbox, signal }: ProvingRequest,
  dropped: Dropped,
): Promise<readonly Question[]> {
  const suspects = [...unproven.keys()];
  const programs = suspects.map(({ answer }) => programFrom(required(answer, 'the program of a training row')));
  const outcomes = await sandbox.run(programs, { signal });
  const refuted = new Set<Question>();
  for (const [index, question] of suspects.entries()) {
    const said = extractFromProgram(at(outcomes, index), kind, comparison);
    if (said.value !== null && sameAnswer(said.value, question.answerValue, comparison)) continue;
    refuted.add(question);
    dropped.add(
      said.value === null ? `program of the row fails (${said.failure})` : 'program of the row gives another answer',
      required(unproven.get(question), 'the place of a row'),
    );
  }
  return questions.filter((question) => !refuted.has(question));
}
