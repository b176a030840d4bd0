/** Runs annotated programs that nobody vouches for, and keeps those whose value is the annotated answer. */

import type { AnswerKind } from '../rewards/answerFormat.js';
import { programFrom } from '../rewards/answerFormat.js';
import { sameAnswer } from '../rewards/compareAnswers.js';
import { extractFromProgram } from '../rewards/extractAnswer.js';
import type { SandboxPool } from '../rewards/sandbox/pool.js';
import type { Dropped } from './dropped.js';
import type { Question } from './questions.js';
import type { RowsRead } from './rows/readRows.js';

export interface ProvingRequest {
  readonly kind: AnswerKind;
  readonly sandbox: Pick<SandboxPool, 'run'>;
  readonly signal: AbortSignal;
}

/** The questions, in order, without those whose program is unproven and fails or gives another answer. */
export async function provePrograms(
  { questions, unproven }: RowsRead,
  { kind, sandbox, signal }: ProvingRequest,
  dropped: Dropped,
): Promise<readonly Question[]> {
  const suspects = [...unproven.keys()];
  const programs = suspects.map(({ answer = '' }) => programFrom(answer));
  const outcomes = await sandbox.run(programs, { signal });
  const refuted = new Set<Question>();
  for (const [index, question] of suspects.entries()) {
    const outcome = outcomes[index];
    const said = outcome && extractFromProgram(outcome, kind);
    if (said && said.value !== null && sameAnswer(said.value, question.answerValue)) continue;
    refuted.add(question);
    const failure = said?.value === null ? said.failure : undefined;
    dropped.add(
      failure ? `program of the row fails (${failure})` : 'program of the row gives another answer',
      unproven.get(question) ?? question.id,
    );
  }
  return questions.filter((question) => !refuted.has(question));
}
