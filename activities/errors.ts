/** Errors of the engine. Their names are what retry policies and the engine process's messages go by. */

/** A model's files or config cannot be used: damaged, inconsistent, or of a kind the engine does not know. Retrying is no use. */
export class InvalidModel extends Error {
  override readonly name = 'InvalidModel';
}

/** A task was given data it can never work on, such as an empty prompt. Retrying is no use. */
export class InvalidData extends Error {
  override readonly name = 'InvalidData';
}

/** The engine process died while a task ran: killed, out of memory, or a fault in native code. A fresh process may succeed. */
export class EngineCrashed extends Error {
  override readonly name = 'EngineCrashed';
}

/** The task was cancelled, or the engine closed, before it finished. */
export class TaskCancelled extends Error {
  override readonly name = 'TaskCancelled';
}

/** A loss or a gradient is not finite. Retrying gives the same; the files from before the step are untouched. */
export class DivergedTraining extends Error {
  override readonly name = 'DivergedTraining';
}

/** A model and its longest sequence need more memory than training may take on this machine. Retrying here is no use. */
export class InsufficientMemory extends Error {
  override readonly name = 'InsufficientMemory';
}

/** The device asked for does not exist, is not on this machine, or computes wrongly. Another machine may have it. */
export class UnavailableDevice extends Error {
  override readonly name = 'UnavailableDevice';
  /** @param device what REFT_DEVICE says */
  constructor(
    device: string,
    readonly reason: string,
  ) {
    super(`REFT_DEVICE is ${JSON.stringify(device)}: ${reason}`);
  }
}
