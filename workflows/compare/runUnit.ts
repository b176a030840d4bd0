/** Gets the result of one child: from an earlier comparison where it is there, otherwise by running the child. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { type ChildWorkflowHandle, sleep, type Workflow } from '@temporalio/workflow';
import { at, required } from '../../activities/invariant.js';
import type { ComparisonUnit } from '../../activities/recallResult.js';
import { general } from '../steps/activities.js';
import { editions } from './editions.js';

/** A child under way, as far as this is concerned: the handle of a workflow that gives a `Result`. */
export type Child<Result> = Pick<ChildWorkflowHandle<Workflow>, 'signal'> & { result(): Promise<Result> };

/** What a child is started with besides its input. */
export interface ChildOptions {
  /** Follows from the child's content, so that two comparisons cannot both be doing the same. */
  readonly workflowId: string;
  readonly staticSummary: string;
}

export interface Unit<Result> {
  readonly unit: ComparisonUnit;
  /** `ReFT, seed 3`, for people; `reft-seed3`, for its workflow id. */
  readonly title: string;
  readonly name: string;
  /** Everything the result depends on. */
  readonly content: unknown;
  readonly start: (key: string, options: ChildOptions) => Promise<Child<Result>>;
}

export interface UnitOutcome<Result> {
  readonly result: Result;
  readonly reused: boolean;
}

/**
 * Runs one child to its end, unless its result is there or another comparison is running it: then this waits for that one.
 * @param running the children under way, for whoever passes on controls
 */
export async function runUnit<Result>(
  { unit, title, name, content, start }: Unit<Result>,
  running: Set<Child<unknown>>,
): Promise<UnitOutcome<Result>> {
  for (let seconds = 5; ; seconds = Math.min(60, 2 * seconds)) {
    const { key, result } = await general.recallResult.executeWithOptions({ summary: `recall ${title}` }, [
      { unit, edition: editions[unit], content },
    ]);
    // Only the children of comparisons write there, each what it returns.
    if (result !== undefined) return { result: result as Result, reused: true };
    const hash = at(required(/([0-9a-f]{12})[0-9a-f]*\.json$/.exec(key), 'the hash in a key'), 1);
    const child = await startOnce(() => start(key, { workflowId: `${unit}-${name}-${hash}`, staticSummary: title }));
    if (child) {
      running.add(child);
      try {
        return { result: await child.result(), reused: false };
      } finally {
        running.delete(child);
      }
    }
    await sleep(seconds * 1_000);
  }
}

/** Undefined when a workflow of that id is under way. */
async function startOnce<Result>(start: () => Promise<Child<Result>>): Promise<Child<Result> | undefined> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}
