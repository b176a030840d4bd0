/** What the sandbox is asked, and what running a program or a verifier gave. */

/** Why a program has no value; all but a missing value also mean reward 0. */
export type ProgramFailure =
  /** Not Python. */
  | 'syntax'
  /** Raised an exception, among them imports and files it may not have. */
  | 'exception'
  /** Used up its processor time. */
  | 'timeout'
  /** Wanted more memory than the process may have. */
  | 'memory'
  /** Tried to end the interpreter. */
  | 'exit'
  /** `solution()` returned None. */
  | 'no-value'
  /** Reached for something outside the sandbox; its process was ended on the spot. */
  | 'forbidden'
  /** Brought the interpreter down. */
  | 'crash';

/** Characters kept of a value's text. */
export const outcomeTextLimit = 200;

export type ProgramOutcome =
  | {
      readonly ok: true;
      /** `str(solution())`, at most `outcomeTextLimit` characters. */
      readonly text: string;
      /**
       * `repr(float(solution()))`: digits, `nan`, `inf` or `-inf`. Null where Python's `float` refuses the value (lists, tuples,
       * words, numbers with thousands commas, integers beyond the largest double).
       */
      readonly number: string | null;
    }
  | { readonly ok: false; readonly failure: ProgramFailure; readonly detail: string };

/** A verifier the user wrote, and what it is to judge. */
export interface VerifierJob {
  /** Python text that defines `reward(example, response)`. */
  readonly source: string;
  /** Most processor time of one verdict. */
  readonly seconds: number;
  /** Null: the verifier is only loaded, to see that it can be. */
  readonly given: {
    readonly example: Readonly<Record<string, unknown>>;
    readonly response: string;
    /** Outcomes of programs that the verifier ran, by their text. */
    readonly outcomes: Readonly<Record<string, ProgramOutcome>>;
  } | null;
}

/** Why a verifier has given no verdict: as a program fails, or what it returned is none. */
export type VerifierFailure = Exclude<ProgramFailure, 'no-value'> | 'verdict';

export type VerifierOutcome =
  /** `verdict`: a finite reward, and what else the verifier says, of the right types; null where it was only loaded. */
  | { readonly ok: true; readonly verdict: Readonly<Record<string, unknown>> | null }
  /** `detail` begins with the verifier's line, where there is one. */
  | { readonly ok: false; readonly failure: VerifierFailure; readonly detail: string }
  /** The verifier needs this program's outcome first. */
  | { readonly wanted: string };

/** What a sandbox process can be handed: a program's text, or a verifier. */
export type SandboxJob = string | VerifierJob;

/** A time limit and a fallen process are told of jobs of either kind, in this form. */
export type LostJob = { readonly ok: false; readonly failure: 'timeout' | 'crash'; readonly detail: string };
