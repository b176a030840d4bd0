/** Runs annotated programs that nobody vouches for, and keeps those whose value is the annotated answer. */

import { at, required } from '../invariant.js';
import { type AnswerKind, programFrom } from '../rewards/answerFormat.js';
import { type Comparison, sameAnswer } from '../rewards/compareAnswers.js';
import { extractFromProgram } from '../rewards/extractAnswer.js';
import type { ProgramOutcome } from '../rewards/sandbox/outcome.js';
import type { Dropped } from './dropped.js';
import type { Question } from './questions.js';
import type { ReadQuestion } from './rows/readRows.js';
import type { Sequence } from './spool.js';

export interface ProvingRequest {
  readonly kind: AnswerKind;
  readonly comparison: Comparison;
  /** Runs programs and gives their outcomes in order. */
  readonly runPrograms: (programs: readonly string[]) => Promise<readonly ProgramOutcome[]>;
  readonly onProgress: (done: number, total: number) => void;
}

/** So many are in memory, and in the sandbox, at a time. */
const batchSize = 4_096;

/** Hands on the questions, in order, without those whose program is unproven and fails or gives another answer. */
export async function provePrograms(
  read: Sequence<ReadQuestion>,
  { kind, comparison, runPrograms, onProgress }: ProvingRequest,
  dropped: Dropped,
  keep: (question: Question) => void,
): Promise<void> {
  let done = 0;
  for (const batch of inBatches(read, batchSize)) {
    const suspects = batch.filter(({ unproven }) => unproven !== undefined);
    const programs = suspects.map(({ question }) =>
      programFrom(required(question.answer, 'the program of a training row')),
    );
    const outcomes = programs.length === 0 ? [] : await runPrograms(programs);
    const refuted = new Set<ReadQuestion>();
    for (const [index, suspect] of suspects.entries()) {
      const said = extractFromProgram(at(outcomes, index), kind, comparison);
      const right = required(suspect.question.answerValue, 'the right answer of a program');
      if (said.value !== null && sameAnswer(said.value, right, comparison)) continue;
      refuted.add(suspect);
      dropped.add(
        said.value === null ? `program of the row fails (${said.failure})` : 'program of the row gives another answer',
        required(suspect.unproven, 'the place of a row'),
      );
    }
    for (const one of batch) if (!refuted.has(one)) keep(one.question);
    done += batch.length;
    onProgress(done, read.length);
  }
}

function* inBatches<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
