/**
 * What a reward is: a module of this folder that says how much each response is worth, and a row in `index.ts`.
 *
 * A reward is pure code, for the specification's schema is made from it inside workflows: what touches the world (the sandbox,
 * cancellation) is handed to it as `RewardTools`, never imported.
 */
import type { z } from 'zod';
import type { AnswerFormat, AnswerKind } from './answerFormat.js';
import type { ScoreInBatches } from './batches.js';
import type { Comparison } from './compareAnswers.js';
import type { AskedQuestion, Response, Score } from './samples.js';
import type { SandboxPool } from './sandbox/pool.js';
import type { Scorers } from './scorers.js';

/** How a data set's answers are written, and what they are. */
export interface DataForm {
  readonly format: AnswerFormat;
  readonly answerKind: AnswerKind;
}

/** What data must be for a reward to judge answers by it. */
export interface JudgedData extends DataForm {
  /** Whether questions have a right answer that responses can be compared with. */
  readonly hasValues: boolean;
}

/** An option that does not fit the data: its place among the reward's options, and what would be allowed there. */
export interface Misfit {
  readonly field: readonly (string | number)[];
  readonly allowed: string;
}

export interface RewardTools extends DataForm {
  /** Runs Python programs, apart from everything else. */
  readonly sandbox: Pick<SandboxPool, 'run' | 'judge'>;
  /** Scorers outside of ReFT. */
  readonly scorers: Scorers;
  /** Aborts when the scores are no longer wanted: pass it on to whatever takes long. */
  readonly signal: AbortSignal;
  /** To be told now and then how many responses are done. */
  readonly onProgress: (done: number) => void;
  readonly scoreInBatches: ScoreInBatches;
}

export interface Reward {
  /** The specification's field `reward` for it: `name` as a literal, and options, each with a default and a description. */
  readonly options: z.ZodObject<{ name: z.ZodLiteral<string> }>;
  /** Options that do not fit the data, told before any work. Left out: they fit any. */
  misfits?(options: { readonly name: string }, data: JudgedData): readonly Misfit[];
  /** What annotated answers are read by, and votes are counted by. Left out: what follows from the data's answers. */
  comparison?(options: { readonly name: string }): Comparison | undefined;
  /**
   * Whether responses can be scored at all: asked once, before any work.
   * @throws InvalidSpec naming the option at fault
   */
  check?(options: { readonly name: string }, tools: Pick<RewardTools, 'sandbox' | 'signal'>): Promise<void>;
  /**
   * Scores a batch of responses, of which `responses[i]` is to `examples[i]`.
   *
   * The same responses must give the same scores, in whatever company: an activity that is tried again must store the same bytes.
   * @returns one score for each response, in order
   * @throws a class of `errors.ts`: its type says whether the batch is tried again
   */
  score(
    examples: readonly AskedQuestion[],
    responses: readonly Response[],
    options: { readonly name: string },
    tools: RewardTools,
  ): Promise<readonly Score[]>;
}
