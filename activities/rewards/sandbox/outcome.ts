/** What running a program gave. */

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
