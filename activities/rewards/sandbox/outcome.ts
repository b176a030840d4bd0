/** What the sandbox is asked, and what running a program or a verifier gave. */

/** Why a program has no value; all but a missing value also mean reward 0. */
export const programFailures = [
  /** Not Python. */
  'syntax',
  /** Raised an exception, among them imports and files it may not have. */
  'exception',
  /** Used up its processor time. */
  'timeout',
  /** Wanted more memory than the process may have. */
  'memory',
  /** Tried to end the interpreter. */
  'exit',
  /** `solution()` returned None. */
  'no-value',
  /** Reached for something outside the sandbox; it was ended on the spot. */
  'forbidden',
  /** Brought the interpreter down. */
  'crash',
] as const;
export type ProgramFailure = (typeof programFailures)[number];

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
const verifierFailures: readonly VerifierFailure[] = [
  ...programFailures.filter((failure) => failure !== 'no-value'),
  'verdict',
];

export type VerifierOutcome =
  /** `verdict`: a finite reward, and what else the verifier says, of the right types; null where it was only loaded. */
  | { readonly ok: true; readonly verdict: Readonly<Record<string, unknown>> | null }
  /** `detail` begins with the verifier's line, where there is one. */
  | { readonly ok: false; readonly failure: VerifierFailure; readonly detail: string }
  /** The verifier needs this program's outcome first. */
  | { readonly wanted: string };

/** What a sandbox process can be handed: a program's text, or a verifier. */
export type SandboxJob = string | VerifierJob;

/** A job that cannot be interrupted and a fallen process are told of jobs of either kind, in this form. */
export type LostJob = { readonly ok: false; readonly failure: 'timeout' | 'crash'; readonly detail: string };

/** Characters kept of why a job failed. */
const detailLimit = 500;
/** What Python's `repr` writes of a float. */
const pythonFloat = /^-?(?:\d{1,17}(?:\.\d{1,17})?(?:e[+-]\d{1,3})?|inf|nan)$/;
const forged = { ok: false, failure: 'exception', detail: 'it changed what runs it' } as const;

/**
 * What a sandbox process says of a program, read with distrust: a program that got hold of what reports on it may say anything. What is
 * no outcome is a failure of that program.
 */
export function readProgramOutcome(told: unknown): ProgramOutcome {
  if (!isObject(told)) return forged;
  if (told.ok !== true) return readFailure(told, programFailures) ?? forged;
  const { text, number } = told;
  if (typeof text !== 'string' || !(number === null || (typeof number === 'string' && pythonFloat.test(number))))
    return forged;
  return { ok: true, text: shown(text, outcomeTextLimit), number };
}

/** What a sandbox process says of a verdict, in the same way; the verdict's own fields are for the reward to read. */
export function readVerifierOutcome(told: unknown): VerifierOutcome {
  if (!isObject(told)) return forged;
  const { ok, wanted, verdict } = told;
  if (typeof wanted === 'string') return { wanted };
  if (ok !== true) return readFailure(told, verifierFailures) ?? forged;
  return verdict === null || isObject(verdict) ? { ok, verdict } : forged;
}

function readFailure<Failure extends string>(
  { failure, detail }: Readonly<Record<string, unknown>>,
  failures: readonly Failure[],
): { readonly ok: false; readonly failure: Failure; readonly detail: string } | null {
  const known = failures.find((one) => one === failure);
  if (known === undefined) return null;
  return { ok: false, failure: known, detail: typeof detail === 'string' ? shown(detail, detailLimit) : '' };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text that a terminal, a page or a log can take: so many characters at most, and none that steer what shows it. */
function shown(text: string, most: number): string {
  const short =
    text.length <= most
      ? text
      : Array.from(text.slice(0, 2 * most))
          .slice(0, most)
          .join('');
  return short.replace(unfit, '\ufffd');
}

/** Control characters but tab and line ends, marks of direction, halves of surrogate pairs, and what no text may hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unfit = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff\p{Cs}]/gu;
