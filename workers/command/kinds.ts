/** What the command can start: a run, a comparison, an evaluation. How each is specified, and what its result says. */
import { comparisonTable, differenceLines, mainModel } from '../../activities/report/comparisonTable.js';
import { evaluationLine, evaluationTable, resultLine, resultTable } from '../../activities/report/table.js';
import type { CompareResult } from '../../workflows/compare/compare.js';
import { describeComparison } from '../../workflows/config/compare.js';
import { describeSpec } from '../../workflows/config/describe.js';
import { describeEvaluation } from '../../workflows/config/evaluationRun.js';
import { comparisonPresets, presets } from '../../workflows/config/presets/index.js';
import { resolveComparison, resolveEvaluation, resolveSpec } from '../../workflows/config/resolve.js';
import type { EvaluationResult } from '../../workflows/evaluation.js';
import type { RunResult } from '../../workflows/runState.js';

/** What Temporal's UI says of a workflow. */
export interface Description {
  readonly title: string;
  readonly details: string;
}

export interface Kind<Result> {
  /** The workflow type. */
  readonly type: string;
  /** The sub-command that starts it. */
  readonly command: string;
  /** What messages call it. */
  readonly noun: string;
  readonly presets: Readonly<Record<string, unknown>>;
  /** @throws InvalidSpec when it cannot be run. */
  check(input: unknown): Description;
  /** Its workflow id, under which its report lies. */
  idOf(result: Result): string;
  /** What a terminal shows at the end. */
  present(result: Result): string;
  /** The same in a line or two. */
  summarise(result: Result): string;
  /** Whether all of it succeeded. */
  isWhole(result: Result): boolean;
}

export const runKind: Kind<RunResult> = {
  type: 'reft',
  command: 'run',
  noun: 'run',
  presets,
  check(input) {
    const spec = resolveSpec(input);
    return { title: spec.title, details: describeSpec(spec) };
  },
  idOf: ({ runId }) => runId,
  present: ({ metrics }) => `${resultTable(metrics)}\n\n${resultLine(metrics)}`,
  summarise: ({ metrics }) => resultLine(metrics),
  isWhole: () => true,
};

export const compareKind: Kind<CompareResult> = {
  type: 'compare',
  command: 'compare',
  noun: 'comparison',
  presets: comparisonPresets,
  check(input) {
    const spec = resolveComparison(input);
    return { title: spec.title, details: describeComparison(spec) };
  },
  idOf: ({ comparisonId }) => comparisonId,
  present(result) {
    const { metrics, failures, children } = result;
    const taken = children.reused > 0 ? [`${children.reused} children were taken over from earlier comparisons.`] : [];
    const failed = failures.map((failure) => `Failed: ${failure}`);
    return [comparisonTable(metrics), '', ...differenceLines(metrics, mainModel(metrics)), ...taken, ...failed].join(
      '\n',
    );
  },
  summarise: ({ metrics, failures }) =>
    [comparisonTable(metrics), ...failures.map((failure) => `Failed: ${failure}`)].join('\n'),
  isWhole: ({ failures }) => failures.length === 0,
};

export const evaluationKind: Kind<EvaluationResult> = {
  type: 'evaluation',
  command: 'evaluate',
  noun: 'evaluation',
  presets: {},
  check(input) {
    const spec = resolveEvaluation(input);
    return { title: spec.title, details: describeEvaluation(spec) };
  },
  idOf: ({ evaluationId }) => evaluationId,
  present: ({ metrics }) => `${evaluationTable(metrics)}\n\n${evaluationLine(metrics)}`,
  summarise: ({ metrics }) => evaluationLine(metrics),
  isWhole: () => true,
};

/** What a finished workflow's result says, by its type. */
export function summariseResult(type: string, result: unknown): string {
  if (type === compareKind.type) return compareKind.summarise(result as CompareResult);
  if (type === evaluationKind.type) return evaluationKind.summarise(result as EvaluationResult);
  return runKind.summarise(result as RunResult);
}
