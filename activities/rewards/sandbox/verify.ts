/**
 * Lets a verifier judge many responses, and runs the programs that it wants run.
 *
 * A program that a model wrote never shares an interpreter with the verdict on it. A verifier that calls `run(program)` is ended there;
 * the program runs as any other, and the verifier starts again, with its outcome known. Verifiers give the same again, so this is what a
 * call would have given.
 */
import { at, required } from '../../invariant.js';
import type { ProgramOutcome, VerifierJob, VerifierOutcome } from './outcome.js';
import type { SandboxPool } from './pool.js';

/** Programs that one verdict may run. */
const mostPrograms = 16;

export type JudgedOutcome = Exclude<VerifierOutcome, { readonly wanted: string }>;

/** What a verifier is, and what it judges. */
export interface Verification extends Pick<VerifierJob, 'source' | 'seconds'> {
  readonly cases: readonly { readonly example: Readonly<Record<string, unknown>>; readonly response: string }[];
  readonly signal: AbortSignal;
}

/**
 * The outcome of each case, in order.
 * @throws what the sandbox throws
 */
export async function verify(
  sandbox: Pick<SandboxPool, 'run' | 'judge'>,
  { source, seconds, cases, signal }: Verification,
): Promise<readonly JudgedOutcome[]> {
  const judged = new Map<number, JudgedOutcome>();
  const known = cases.map(() => new Map<string, ProgramOutcome>());
  for (let programs = 0; judged.size < cases.length; programs++) {
    const open = cases.flatMap((_, index) => (judged.has(index) ? [] : [index]));
    const jobs = open.map((index): VerifierJob => {
      const { example, response } = at(cases, index);
      return { source, seconds, given: { example, response, outcomes: Object.fromEntries(at(known, index)) } };
    });
    const outcomes = await sandbox.judge(jobs, { signal });
    const wanting: { readonly index: number; readonly program: string }[] = [];
    outcomes.forEach((outcome, place) => {
      const index = at(open, place);
      if (!('wanted' in outcome)) judged.set(index, outcome);
      else if (programs === mostPrograms) judged.set(index, tooMany);
      else wanting.push({ index, program: outcome.wanted });
    });
    const distinct = [...new Set(wanting.map(({ program }) => program))];
    const ran = await sandbox.run(distinct, { signal });
    const byProgram = new Map(distinct.map((program, place) => [program, at(ran, place)]));
    for (const { index, program } of wanting)
      at(known, index).set(program, required(byProgram.get(program), 'the outcome of a program'));
  }
  return cases.map((_, index) => required(judged.get(index), 'the outcome of a case'));
}

const tooMany: JudgedOutcome = {
  ok: false,
  failure: 'exception',
  detail: `it runs more than ${mostPrograms} programs for one response`,
};
