/**
 * Every type of failure that a run can show, in one table: what it means, whether Temporal tries again, what the user does.
 *
 * Engine, activities and workflows throw the classes below; their names are what retry policies, the engine process's messages
 * and the documents go by. Pure, so that workflows may import it.
 */

/**
 * What makes another attempt succeed, and so what becomes of the run. `nothing` ends it at once. What passes by `itself` is tried again
 * with growing pauses. What a `person` has to mend is told by the run, which waits for it, and goes on when it is mended.
 */
export type Mending = 'nothing' | 'itself' | 'person';

export interface FailureType {
  readonly mendedBy: Mending;
  readonly meaning: string;
  /** What the user does. */
  readonly remedy: string;
}

export const failureTypes = {
  InvalidSpec: {
    mendedBy: 'nothing',
    meaning: 'The specification asks for something that does not exist, contradicts itself or does not fit the data.',
    remedy: 'Change the fields that the message names and start the run again.',
  },
  InvalidData: {
    mendedBy: 'nothing',
    meaning: 'A data set is missing, unreadable, or holds nothing that can be used.',
    remedy: 'Mend the file, line or field that the message names.',
  },
  InvalidModel: {
    mendedBy: 'nothing',
    meaning: 'A model is missing, damaged, inconsistent or of an architecture that the engine does not know.',
    remedy: 'Correct `model.from`, or take a model of a supported architecture.',
  },
  InvalidSettings: {
    mendedBy: 'nothing',
    meaning: 'A variable of the worker’s environment, such as `S3_BUCKET` or `HTTPS_PROXY`, says what cannot be.',
    remedy: 'Correct the variable that the message names, start the worker again, and then the run.',
  },
  InvalidReward: {
    mendedBy: 'nothing',
    meaning:
      'A reward gave a number that is not finite, something that is no score, or not one score for each response; or a verifier raised an exception.',
    remedy: 'Mend the reward that the message names; the message says which question and sample it failed on.',
  },
  ScorerRefused: {
    mendedBy: 'nothing',
    meaning: 'A scorer of the reward `http` or `activity` said that it will never score this batch.',
    remedy: 'Correct the address, the header or the scorer that the message names and start the run again.',
  },
  AnnotatorRefused: {
    mendedBy: 'nothing',
    meaning:
      'The endpoint of an annotation refused every request as wrong (400, 422, …), or its address may not be asked.',
    remedy: 'Correct the fields of `annotator` or `prompt` that the message tells of and start the annotation again.',
  },
  CorruptObject: {
    mendedBy: 'nothing',
    meaning:
      'An object in S3 is damaged, missing, or not what its reference promises: three reads in a row, by connections of their own, found the same.',
    remedy:
      'The message names the object, and the run and step that need it. Restore the object from a backup. Or delete it and start the run again: what is missing is made again, every other object is reused.',
  },
  DivergedTraining: {
    mendedBy: 'nothing',
    meaning: 'The loss or the gradient norm is no longer finite.',
    remedy: 'Lower the learning rate or `maxGradNorm`. The checkpoints before the step are sound.',
  },
  InsufficientMemory: {
    mendedBy: 'nothing',
    meaning:
      'The model and its longest sequence need more memory than training may take on this machine, or data more than their preparation may take.',
    remedy:
      'Train fewer weights (`lora`), shorten sequences, or run the worker on a larger machine. For data: fewer rows.',
  },
  OutOfMemory: {
    mendedBy: 'nothing',
    meaning:
      'Memory ran out in a task that was planned to fit, and again with micro-batches of half the size: other programs take it, or the plan is wrong.',
    remedy:
      'End the other programs, or give the run less: `memory.microBatchGiB` for training, `memory.rolloutGiB` for rollouts. Then start it again.',
  },
  NothingToCompare: {
    mendedBy: 'nothing',
    meaning: 'Every model of a comparison failed, or it was stopped before the first was evaluated.',
    remedy: 'Read the failures that the message lists.',
  },
  UnknownWorkflowType: {
    mendedBy: 'nothing',
    meaning: 'Temporal was asked for a workflow type that the worker does not have.',
    remedy: 'Start one of the types that the message lists.',
  },
  InternalError: {
    mendedBy: 'nothing',
    meaning: 'A state that cannot occur occurred: a bug in ReFT.',
    remedy: 'Report it as the section "Reporting a bug" of CONTRIBUTING.md says.',
  },
  StoreUnavailable: {
    mendedBy: 'itself',
    meaning: 'S3 could not be asked: unreachable, a fault of its own, or reads that do not agree.',
    remedy: 'Bring the server back; the run goes on by itself.',
  },
  StoreRefused: {
    mendedBy: 'person',
    meaning: 'S3 answered, and refused: there is no such bucket, access is denied, or there is no room left (a quota).',
    remedy:
      'Create the bucket, correct the credentials or their rights (workers that took them from their environment have to be started again), or make room.',
  },
  DiskFull: {
    mendedBy: 'person',
    meaning: 'A disk of the worker has no room left for what a step writes.',
    remedy:
      'Make room on the disk of the folder that the message names. Copies of what is in S3 are removed by the worker.',
  },
  DownloadFailed: {
    mendedBy: 'itself',
    meaning: 'A download ended early, or brought other bytes than announced.',
    remedy: 'Nothing, unless it repeats: then check the network and the address.',
  },
  EngineCrashed: {
    mendedBy: 'itself',
    meaning:
      'The engine process died during a task: killed, out of memory, or a fault in native code. Or it hung, and so did those that took its place.',
    remedy: 'Nothing, unless it repeats: then give the worker more memory, or look after its device and driver.',
  },
  SandboxUnavailable: {
    mendedBy: 'itself',
    meaning:
      'No process of the Python sandbox could be started, those that ran a program were killed again and again, or the worker was shutting down. No answer is scored 0 for it.',
    remedy:
      'Nothing, unless it repeats: then give the worker more memory, and read what the message says of the processes.',
  },
  ScorerUnavailable: {
    mendedBy: 'person',
    meaning:
      'A scorer of the reward `http` or `activity` cannot be reached, takes too long, fails, or has no worker on its task queue.',
    remedy: 'Bring the scorer back. The run waits where it is and goes on by itself; no response is scored 0 for it.',
  },
  AnnotatorUnavailable: {
    mendedBy: 'person',
    meaning:
      'The endpoint of an annotation cannot be reached, answers nothing but failures, refuses the key (401, 403), has no such model or address (404), or its account is used up.',
    remedy:
      'Bring the endpoint back, correct the variable with its key (workers have to be started again), or top up the account. The annotation waits where it is; answers that it has are kept and not asked for again.',
  },
  UnavailableDevice: {
    mendedBy: 'person',
    meaning: 'The device that `REFT_DEVICE` names does not exist, is not on this machine, or computes wrongly.',
    remedy: 'Correct `REFT_DEVICE`, or run the worker on a machine with that device.',
  },
  MissingCodecKey: {
    mendedBy: 'person',
    meaning: 'What Temporal holds of a run is encrypted with a key that this process does not have.',
    remedy:
      'Give every worker and command the keys of `REFT_CODEC_KEY` or `REFT_CODEC_KEY_FILE` that the run was started with; the run goes on by itself.',
  },
  IncompatibleVersion: {
    mendedBy: 'person',
    meaning:
      'What is read (a specification, a checkpoint, a data set, the state of a run) was written by another version of ReFT, in a form that this one does not know.',
    remedy: 'Run workers of the version that wrote it, or of a later one that reads it; the run goes on by itself.',
  },
  TaskCancelled: {
    mendedBy: 'itself',
    meaning: 'A task was cancelled, or the engine was closed, before it finished.',
    remedy: 'Nothing: a cancelled run ends, any other goes on.',
  },
} as const satisfies Readonly<Record<string, FailureType>>;

export type FailureName = keyof typeof failureTypes;

const mendedByName: ReadonlyMap<string, Mending> = new Map(
  Object.entries(failureTypes).map(([name, { mendedBy }]) => [name, mendedBy]),
);

/** Names of the failures that no other attempt can mend. */
export const nonRetryableFailures: readonly string[] = [...mendedByName.keys()].filter(
  (name) => mendedByName.get(name) === 'nothing',
);

/** Whether a run that fails with an error of this name waits for a person. By name: an error loses its class on its way between processes. */
export function isMendedByPerson(name: string): boolean {
  return mendedByName.get(name) === 'person';
}

/**
 * An error class whose name is its failure type. What it says is kept in histories, and may quote what a stranger wrote: whatever that is,
 * its message and that of its cause stay short.
 */
function failure<Name extends FailureName>(type: Name) {
  return class extends Error {
    override readonly name: Name = type;

    constructor(message: string, options?: ErrorOptions) {
      super(shortened(message), options && { cause: shortCause(options.cause) });
    }
  };
}

/** Of a message, as UTF-8. */
const mostMessageBytes = 2_000;
const ellipsis = '…';

function shortened(text: string): string {
  // A unit of a string takes at most three bytes.
  if (3 * text.length <= mostMessageBytes) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > mostMessageBytes) return text.slice(0, end) + ellipsis;
    if (bytes <= mostMessageBytes - 3) end += character.length;
  }
  return text;
}

/** A cause is there for its stack, which repeats its message: one that is too long is replaced by its beginning. */
function shortCause(cause: unknown): unknown {
  if (!(cause instanceof Error) || shortened(cause.message) === cause.message) return cause;
  const short = new Error(shortened(cause.message));
  short.name = cause.name;
  return short;
}

export class InvalidData extends failure('InvalidData') {}
export class InvalidModel extends failure('InvalidModel') {}
export class InvalidSettings extends failure('InvalidSettings') {}
export class InvalidReward extends failure('InvalidReward') {}
export class DivergedTraining extends failure('DivergedTraining') {}
export class InsufficientMemory extends failure('InsufficientMemory') {}
export class OutOfMemory extends failure('OutOfMemory') {}
export class StoreUnavailable extends failure('StoreUnavailable') {}
export class StoreRefused extends failure('StoreRefused') {}
export class DiskFull extends failure('DiskFull') {}
export class DownloadFailed extends failure('DownloadFailed') {}
export class EngineCrashed extends failure('EngineCrashed') {}
export class ScorerRefused extends failure('ScorerRefused') {}
export class AnnotatorRefused extends failure('AnnotatorRefused') {}
export class AnnotatorUnavailable extends failure('AnnotatorUnavailable') {}
export class SandboxUnavailable extends failure('SandboxUnavailable') {}
export class TaskCancelled extends failure('TaskCancelled') {}
export class NothingToCompare extends failure('NothingToCompare') {}
export class UnknownWorkflowType extends failure('UnknownWorkflowType') {}
export class MissingCodecKey extends failure('MissingCodecKey') {}
export class IncompatibleVersion extends failure('IncompatibleVersion') {}

/** Messages are read by people, and kept in histories: whatever was given, they stay short. */
const mostCharacters = { ofProblem: 700, ofAll: 1_500 } as const;

function cut(problem: string): string {
  const { ofProblem } = mostCharacters;
  return problem.length > ofProblem ? `${problem.slice(0, ofProblem)}…` : problem;
}

/** The first problems, and how many more there are. */
function listed(problems: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let left: number = mostCharacters.ofAll;
  for (const problem of problems) {
    const line = `- ${cut(problem)}`;
    left -= line.length;
    if (left < 0 && lines.length > 0) return [...lines, `- and ${problems.length - lines.length} more`];
    lines.push(line);
  }
  return lines;
}

export class InvalidSpec extends failure('InvalidSpec') {
  /** Each names a field, the value given and what is allowed. */
  readonly problems: readonly string[];

  constructor(...problems: readonly string[]) {
    const title = 'Invalid run specification';
    const [first = ''] = problems;
    super(
      problems.length === 1
        ? `${title}: ${cut(first)}`
        : [`${title}, ${problems.length} problems:`, ...listed(problems)].join('\n'),
    );
    this.problems = problems;
  }
}

export class CorruptObject extends failure('CorruptObject') {
  /** @param expected and @param got say what was promised and what was found (a sha256, a size, a problem). */
  constructor(
    readonly key: string,
    readonly expected: string,
    readonly got: string,
  ) {
    super(`object ${key} is corrupt: expected ${expected}, got ${got}`);
  }
}

export class ScorerUnavailable extends failure('ScorerUnavailable') {
  /** @param pauseMs what the scorer wants to be left alone for, before the next attempt */
  constructor(
    message: string,
    readonly pauseMs?: number,
  ) {
    super(message);
  }
}

export class UnavailableDevice extends failure('UnavailableDevice') {
  /** @param device what REFT_DEVICE says */
  constructor(
    device: string,
    readonly reason: string,
  ) {
    super(`REFT_DEVICE is ${JSON.stringify(device)}: ${reason}`);
  }
}

export class InternalError extends failure('InternalError') {
  constructor(problem: string) {
    super(`${problem}. This is a bug in ReFT: please report it (CONTRIBUTING.md, "Reporting a bug")`);
  }
}

/** Whether an error says by its name what the user does about it. */
export function isFailure(error: unknown): error is Error {
  return error instanceof Error && Object.hasOwn(failureTypes, error.name);
}

/** An error's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
