/**
 * How a workflow goes on with a fresh history: its state handed on, stamped with the version of its form, and upgraded where it is
 * taken up.
 *
 * It does so when its history has grown long, and, where workers have build ids (`workers/VERSIONS.md`), when another version of the
 * code is to serve it: a run is pinned to one version between two of these points, and changes over at one.
 */
import { allHandlersFinished, condition, makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';
import { IncompatibleVersion, InvalidSpec } from '../../activities/errors.js';
import { type Format, upgrade, versionOf } from '../../activities/formats.js';
import { resolveSpec } from '../config/resolve.js';
import type { Spec } from '../config/spec.js';

export interface Renewal {
  /** Whether it is time: asked at a safe point, before a unit of work. */
  isDue(): boolean;
  /** Ends this execution; the next is given `input` and `state`. */
  renew(input: unknown, state: object): Promise<never>;
}

/** For one execution of a workflow. */
export function openRenewal(format: Format): Renewal {
  let asked = 0;
  // A child ends on the version that it began with: its parent, which waits for it, reads its result.
  const changesOver = workflowInfo().parent === undefined;
  return {
    isDue() {
      asked += 1;
      const { continueAsNewSuggested, targetWorkerDeploymentVersionChanged } = workflowInfo();
      // Each execution does a unit of work first: no version can send a run round in circles.
      return continueAsNewSuggested || (changesOver && targetWorkerDeploymentVersionChanged && asked > 1);
    },
    async renew(input, state) {
      await condition(allHandlersFinished);
      // Where workers have no build ids this says nothing.
      const goOn = makeContinueAsNewFunc(changesOver ? { initialVersioningBehavior: 'AUTO_UPGRADE' } : {});
      return goOn(input, { ...state, version: versionOf(format) });
    },
  };
}

/**
 * The state that the execution before has handed on, in today's form; undefined in the first.
 * @throws InvalidSpec when whoever started the workflow gave it a second input; IncompatibleVersion when later code handed it on: the
 *   workflow waits for workers with that code
 */
export function takeUp<State extends object>(format: Format, carried: State | undefined): State | undefined {
  if (carried === undefined) return undefined;
  const { workflowId, workflowType, continuedFromExecutionRunId } = workflowInfo();
  if (continuedFromExecutionRunId === undefined)
    throw new InvalidSpec(`${workflowType} was started with two inputs, allowed: one, the specification`);
  // Its form is checked by its version alone: only this workflow's own earlier executions write it.
  return upgrade(format, carried, `What ${workflowId} handed on`) as State;
}

/**
 * As `takeUp`, of a state with a run's specification: fields that came since are given their default.
 * @throws IncompatibleVersion as well where today's code refuses that specification: weeks of work are not to end on it
 */
export function takeUpRun<State extends { spec: Spec }>(format: Format, carried: State | undefined): State | undefined {
  const state = takeUp(format, carried);
  if (state === undefined) return undefined;
  try {
    return { ...state, spec: resolveSpec(state.spec) };
  } catch (error) {
    if (error instanceof InvalidSpec) throw new IncompatibleVersion(`A run under way is refused: ${error.message}`);
    throw error;
  }
}
