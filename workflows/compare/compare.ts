/**
 * The comparison of methods: warm-ups, from each of which every method trains with every seed, and an evaluation of each model.
 *
 * Every step is a child workflow whose id and result follow from its content alone, so a comparison that is started again, with
 * more seeds or methods, does only what has not been done. Where a child fails, what depends on it is left out and the report says
 * so; the others go on.
 */
import { rootCause } from '@temporalio/common';
import { allHandlersFinished, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import { NothingToCompare } from '../../activities/errors.js';
import { formats, versionOf } from '../../activities/formats.js';
import type { ComparedVerdicts, PublishComparisonResult } from '../../activities/publishComparison.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import type { CompareSpec } from '../config/compare.js';
import { resolveComparison, type SpecInput } from '../config/resolve.js';
import { addWork, beginPhase, finishUnit } from '../monitoring/journal.js';
import { controlsSignal, serveProgress, showProgress } from '../monitoring/progress.js';
import { general } from '../steps/activities.js';
import { openRenewal, takeUp } from '../steps/renewal.js';
import { compareMethods, type RunChild } from './compareMethods.js';
import { type Child, runUnit } from './runUnit.js';
import { createSlots, NoMoreWork } from './slots.js';
import {
  type ComparisonState,
  comparisonPhase,
  type Member,
  memberKey,
  openComparison,
  trainedMembers,
  warmUpMembers,
} from './state.js';
import { finalTable, tableSoFar } from './table.js';

export interface CompareResult extends PublishComparisonResult {
  readonly version: number;
  readonly comparisonId: string;
  /** Children that failed, in words; what depends on them is not in the metrics. */
  readonly failures: readonly string[];
  /** Children done now, and those that an earlier comparison had done. */
  readonly children: { readonly done: number; readonly reused: number };
  readonly seconds: number;
}

/**
 * @param input a preset's name with overrides, or a whole specification
 * @param carried what continue-as-new hands on; never given by a user
 * @throws InvalidSpec listing every problem of the specification
 * @throws NothingToCompare when every model failed
 */
export async function compare(input: SpecInput, carried?: ComparisonState): Promise<CompareResult> {
  const spec = resolveComparison(input);
  const state = takeUp(formats.comparisonState, carried) ?? openComparison();
  const renewal = openRenewal(formats.comparisonState);
  const { journal } = state;
  const phase = comparisonPhase(spec, state);
  const slots = createSlots(spec.parallel);
  const running = new Set<Child<unknown>>();
  let renewing = false;
  let finished = false;
  serveProgress(journal);
  const show = (): void => {
    journal.table = tableSoFar(spec, state);
    showProgress(journal);
  };
  show();

  const run: RunChild = async (place, unit) => {
    if (state.failures.some(({ child }) => child === unit.title)) return undefined;
    try {
      const { result, reused } = await slots.use(place, () => runUnit(unit, running));
      if (reused) state.reused += 1;
      for (const [purpose, amount] of Object.entries(result.work)) addWork(journal, purpose, amount);
      finishUnit(phase);
      return result;
    } catch (error) {
      if (isCancellation(error)) throw error;
      if (!(error instanceof NoMoreWork))
        state.failures.push({ child: unit.title, message: rootCause(error) ?? String(error) });
      return undefined;
    } finally {
      if (renewal.isDue()) renewing = true;
      slots.hold(renewing || journal.controls.paused);
    }
  };
  /** Until all is done, or all that is under way when the history is to be renewed: obeys pause, resume and stopEarly. */
  const steer = async (): Promise<void> => {
    const isOver = (): boolean => finished || (renewing && slots.used() === 0);
    let heeded = journal.controls;
    while (!isOver()) {
      await condition(() => isOver() || journal.controls !== heeded);
      // Noted before children are told: what changes meanwhile must be told as well.
      heeded = journal.controls;
      slots.hold(renewing || journal.controls.paused);
      if (journal.controls.stopping) slots.close();
      // What a child has done when it is stopped early is not the result that its content stands for: it goes on to its end.
      const passedOn = { paused: heeded.paused, stopping: false };
      // A child that has just ended needs no controls.
      for (const child of running) await child.signal(controlsSignal, passedOn).catch(() => undefined);
    }
  };

  const members = compareMethods({ spec, state, run, show }).then(() => {
    finished = true;
  });
  await Promise.race([members, steer()]);
  if (!finished) {
    // Resolved: what a preset says by then is for other comparisons.
    const { method: _, ...shared } = spec.run;
    await renewal.renew({ ...spec, run: shared }, state);
  }
  const result = await publish(spec, state);
  await condition(allHandlersFinished);
  return result;
}

async function publish(spec: CompareSpec, state: ComparisonState): Promise<CompareResult> {
  const { journal, reused } = state;
  const { workflowId } = workflowInfo();
  const failures = state.failures.map(({ child, message }) => `${child}: ${message}`);
  // Every warm-up learned from the same data.
  const [start] = Object.values(state.starts);
  const models = [
    ...warmUpMembers(spec).flatMap((member) =>
      comparedVerdicts(state, member, state.starts[String(member.warmUp)]?.start),
    ),
    ...trainedMembers(spec).flatMap((member) => comparedVerdicts(state, member, state.trained[memberKey(member)])),
  ];
  if (!start || models.length === 0)
    throw new NothingToCompare(
      failures.length > 0 ? `Every model failed: ${failures.join('; ')}` : 'Stopped before any model was evaluated',
    );
  const phase = beginPhase(journal, 'report', 'step', 1);
  showProgress(journal);
  const { done } = comparisonPhase(spec, state);
  const published = await general.publishComparison.executeWithOptions({ summary: 'write the report' }, [
    {
      comparisonId: workflowId,
      title: spec.title,
      spec,
      models,
      trainings: trainedMembers(spec).flatMap((member) => {
        const trained = state.trained[memberKey(member)];
        if (!trained) return [];
        const { checkpoint, ...training } = trained;
        return [{ ...member, ...training }];
      }),
      data: start.data,
      samples: spec.run.evaluation.samplesPerQuestion,
      failures,
      notes: [
        ...(reused > 0 ? [`${reused} of ${done} children were taken over from earlier comparisons.`] : []),
        ...(journal.controls.stopping ? ['Stopped early by hand.'] : []),
      ],
      work: journal.work,
    },
  ]);
  finishUnit(phase);
  beginPhase(journal, 'finished', 'step', 0);
  journal.table = finalTable(spec, state, published.metrics);
  showProgress(journal);
  return {
    ...published,
    version: versionOf(formats.comparisonResult),
    comparisonId: workflowId,
    failures,
    children: { done: done - reused, reused },
    seconds: (Date.now() - journal.startedAt) / 1_000,
  };
}

/** None of a model that is not evaluated. */
function comparedVerdicts(
  state: ComparisonState,
  member: Member,
  trained: { readonly checkpoint: CheckpointRef } | undefined,
): readonly ComparedVerdicts[] {
  const evaluated = state.evaluated[memberKey(member)];
  if (!evaluated || !trained) return [];
  return [{ ...member, checkpoint: trained.checkpoint, verdicts: evaluated.verdicts }];
}
