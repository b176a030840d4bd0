/**
 * Every type of failure that a run can show, in one table: what it means, whether Temporal tries again, what the user does.
 *
 * Engine, activities and workflows throw the classes below; their names are what retry policies, the engine process's messages
 * and the documents go by. Pure, so that workflows may import it.
 */

export interface FailureType {
  /** Whether another attempt may succeed: Temporal's retry policy takes it from here. */
  readonly retryable: boolean;
  readonly meaning: string;
  /** What the user does. */
  readonly remedy: string;
}

export const failureTypes = {
  InvalidSpec: {
    retryable: false,
    meaning: 'The specification asks for something that does not exist, contradicts itself or does not fit the data.',
    remedy: 'Change the fields that the message names and start the run again.',
  },
  InvalidData: {
    retryable: false,
    meaning: 'A data set is missing, unreadable, or holds nothing that can be used.',
    remedy: 'Mend the file, line or field that the message names.',
  },
  InvalidModel: {
    retryable: false,
    meaning: 'A model is missing, damaged, inconsistent or of an architecture that the engine does not know.',
    remedy: 'Correct `model.from`, or take a model of a supported architecture.',
  },
  InvalidSettings: {
    retryable: false,
    meaning: 'A variable of the worker’s environment, such as `S3_BUCKET` or `HTTPS_PROXY`, says what cannot be.',
    remedy: 'Correct the variable that the message names, start the worker again, and then the run.',
  },
  InvalidReward: {
    retryable: false,
    meaning:
      'A reward gave a number that is not finite, something that is no score, or not one score for each response; or a verifier raised an exception.',
    remedy: 'Mend the reward that the message names; the message says which question and sample it failed on.',
  },
  ScorerRefused: {
    retryable: false,
    meaning: 'A scorer of the reward `http` or `activity` said that it will never score this batch.',
    remedy: 'Correct the address, the header or the scorer that the message names and start the run again.',
  },
  CorruptObject: {
    retryable: false,
    meaning: 'An object in S3 is damaged, missing, or not what its reference promises.',
    remedy:
      'Restore the object from a backup. Or delete it and start the run again: what is missing is made again, every other object is reused.',
  },
  DivergedTraining: {
    retryable: false,
    meaning: 'The loss or the gradient norm is no longer finite.',
    remedy: 'Lower the learning rate or `maxGradNorm`. The checkpoints before the step are sound.',
  },
  InsufficientMemory: {
    retryable: false,
    meaning:
      'The model and its longest sequence need more memory than training may take on this machine, or data more than their preparation may take.',
    remedy:
      'Train fewer weights (`lora`), shorten sequences, or run the worker on a larger machine. For data: fewer rows.',
  },
  NothingToCompare: {
    retryable: false,
    meaning: 'Every model of a comparison failed, or it was stopped before the first was evaluated.',
    remedy: 'Read the failures that the message lists.',
  },
  UnknownWorkflowType: {
    retryable: false,
    meaning: 'Temporal was asked for a workflow type that the worker does not have.',
    remedy: 'Start one of the types that the message lists.',
  },
  InternalError: {
    retryable: false,
    meaning: 'A state that cannot occur occurred: a bug in ReFT.',
    remedy: 'Report it as the section "Reporting a bug" of CONTRIBUTING.md says.',
  },
  StoreUnavailable: {
    retryable: true,
    meaning: 'S3 could not be asked: unreachable, no such bucket, credentials refused, or a fault of its own.',
    remedy: 'Bring the server back or correct its settings; the run goes on by itself.',
  },
  DownloadFailed: {
    retryable: true,
    meaning: 'A download ended early, or brought other bytes than announced.',
    remedy: 'Nothing, unless it repeats: then check the network and the address.',
  },
  EngineCrashed: {
    retryable: true,
    meaning: 'The engine process died during a task: killed, out of memory, or a fault in native code.',
    remedy: 'Nothing, unless it repeats: then give the worker more memory.',
  },
  SandboxUnavailable: {
    retryable: true,
    meaning: 'No process of the Python sandbox could be started, or the worker was shutting down.',
    remedy:
      'Nothing, unless it repeats: then give the worker more memory, and read what the message says of the start.',
  },
  ScorerUnavailable: {
    retryable: true,
    meaning:
      'A scorer of the reward `http` or `activity` cannot be reached, takes too long, fails, or has no worker on its task queue.',
    remedy: 'Bring the scorer back. The run waits where it is and goes on by itself; no response is scored 0 for it.',
  },
  UnavailableDevice: {
    retryable: true,
    meaning: 'The device that `REFT_DEVICE` names does not exist, is not on this machine, or computes wrongly.',
    remedy: 'Correct `REFT_DEVICE`, or run the worker on a machine with that device.',
  },
  TaskCancelled: {
    retryable: true,
    meaning: 'A task was cancelled, or the engine was closed, before it finished.',
    remedy: 'Nothing: a cancelled run ends, any other goes on.',
  },
} as const satisfies Readonly<Record<string, FailureType>>;

export type FailureName = keyof typeof failureTypes;

/** Names of the failures that no other attempt can mend. */
export const nonRetryableFailures: readonly string[] = Object.entries(failureTypes)
  .filter(([, { retryable }]) => !retryable)
  .map(([name]) => name);

/** An error class whose name is its failure type. */
function failure<Name extends FailureName>(type: Name) {
  return class extends Error {
    override readonly name: Name = type;
  };
}

export class InvalidData extends failure('InvalidData') {}
export class InvalidModel extends failure('InvalidModel') {}
export class InvalidSettings extends failure('InvalidSettings') {}
export class InvalidReward extends failure('InvalidReward') {}
export class DivergedTraining extends failure('DivergedTraining') {}
export class InsufficientMemory extends failure('InsufficientMemory') {}
export class DownloadFailed extends failure('DownloadFailed') {}
export class EngineCrashed extends failure('EngineCrashed') {}
export class ScorerRefused extends failure('ScorerRefused') {}
export class SandboxUnavailable extends failure('SandboxUnavailable') {}
export class TaskCancelled extends failure('TaskCancelled') {}
export class NothingToCompare extends failure('NothingToCompare') {}
export class UnknownWorkflowType extends failure('UnknownWorkflowType') {}

export class InvalidSpec extends failure('InvalidSpec') {
  /** Each names a field, the value given and what is allowed. */
  readonly problems: readonly string[];

  constructor(...problems: readonly string[]) {
    const title = 'Invalid run specification';
    super(
      problems.length === 1
        ? `${title}: ${problems[0]}`
        : [`${title}, ${problems.length} problems:`, ...problems.map((problem) => `- ${problem}`)].join('\n'),
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

export class StoreUnavailable extends failure('StoreUnavailable') {
  /** @param isRefused the server answered: there is no such bucket, or the credentials are not for it. */
  constructor(
    message: string,
    readonly isRefused = false,
  ) {
    super(message);
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

/** An error's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
