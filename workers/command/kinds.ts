/** What the command can start: a run, a comparison, an evaluation, an annotation. How each is specified, and what its result says. */
import { type Format, formats, readResult } from '../../activities/formats.js';
import { annotationLine } from '../../activities/report/annotationPage.js';
import { comparisonTable, differenceLines, mainModel } from '../../activities/report/comparisonTable.js';
import { evaluationLine, evaluationTable, resultLine, resultTable } from '../../activities/report/table.js';
import type { AnnotationResult } from '../../workflows/annotate.js';
import type { CompareResult } from '../../workflows/compare/compare.js';
import { describeAnnotation } from '../../workflows/config/annotation.js';
import { describeComparison } from '../../workflows/config/compare.js';
import { describeSpec } from '../../workflows/config/describe.js';
import { describeEvaluation } from '../../workflows/config/evaluationRun.js';
import { comparisonPresets, presets } from '../../workflows/config/presets/index.js';
import {
  resolveAnnotation,
  resolveComparison,
  resolveEvaluation,
  resolveSpec,
} from '../../workflows/config/resolve.js';
import type { EvaluationResult } from '../../workflows/evaluation.js';
import type { RunResult } from '../../workflows/runState.js';

/** What Temporal's UI says of a workflow. */
export interface Description {
  readonly title: string;
  readonly details: string;
}

export interface Kind<Result> {
  /** Of its result. */
  readonly format: Format;
  /** The workflow type. */
  readonly type: string;
  /** The sub-command that starts it. */
  readonly command: string;
  /** What messages call it. */
  readonly noun: string;
  readonly presets: Readonly<Record<string, unknown>>;
  /**
   * The specification with its preset and defaults filled in.
   * @throws InvalidSpec when it cannot be run.
   */
  resolve(input: unknown): unknown;
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
  format: formats.runResult,
  type: 'reft',
  command: 'run',
  noun: 'run',
  presets,
  resolve: resolveSpec,
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
  format: formats.comparisonResult,
  type: 'compare',
  command: 'compare',
  noun: 'comparison',
  presets: comparisonPresets,
  resolve: resolveComparison,
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
  format: formats.evaluationResult,
  type: 'evaluation',
  command: 'evaluate',
  noun: 'evaluation',
  presets: {},
  resolve: resolveEvaluation,
  check(input) {
    const spec = resolveEvaluation(input);
    return { title: spec.title, details: describeEvaluation(spec) };
  },
  idOf: ({ evaluationId }) => evaluationId,
  present: ({ metrics }) => `${evaluationTable(metrics)}\n\n${evaluationLine(metrics)}`,
  summarise: ({ metrics }) => evaluationLine(metrics),
  isWhole: () => true,
};

export const annotationKind: Kind<AnnotationResult> = {
  format: formats.annotationResult,
  type: 'annotate',
  command: 'annotate',
  noun: 'annotation',
  presets: {},
  resolve: resolveAnnotation,
  check(input) {
    const spec = resolveAnnotation(input);
    return { title: spec.title, details: describeAnnotation(spec) };
  },
  idOf: ({ annotationId }) => annotationId,
  present({ published: { card }, faults, estimated }) {
    const counts = (all: Readonly<Record<string, number>>): string =>
      Object.entries(all)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(', ');
    const failed = Object.keys(faults).length === 0 ? [] : [`Tries that failed: ${counts(faults)}`];
    const reckoned = estimated > 0 ? [`The endpoint did not tell the tokens of ${estimated} answers: reckoned.`] : [];
    return [annotationLine(card), `Answers: ${counts(card.yields)}`, ...failed, ...reckoned].join('\n');
  },
  summarise: ({ published: { card } }) => annotationLine(card),
  isWhole: () => true,
};

/** What a workflow of this type is to the command; a run's parts are told of as runs are. */
export function kindOf(type: string): Kind<object> {
  const typed: Readonly<Record<string, unknown>> = {
    compare: compareKind,
    evaluation: evaluationKind,
    annotate: annotationKind,
  };
  return (typed[type] ?? runKind) as Kind<object>;
}

/**
 * What a finished workflow's result says, by its type.
 * @throws IncompatibleVersion when a later version of ReFT gave it
 */
export function summariseResult(type: string, result: object): string {
  const kind = kindOf(type);
  return kind.summarise(readResult(kind.format, result));
}
