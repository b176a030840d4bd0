/** `reft diff`: two runs side by side: where their specifications differ, and what came of them. */
import type { Client } from '@temporalio/client';
import Table from 'cli-table3';
import type { Accuracy, EvaluationMetrics, RunMetrics } from '../../activities/evaluation/types.js';
import { readResult } from '../../activities/formats.js';
import { evaluatedModels, measuresOf } from '../../activities/report/metrics.js';
import { differences } from '../../workflows/config/differences.js';
import { show } from '../../workflows/config/explain.js';
import { measureNames, measureTitle } from '../../workflows/config/measures.js';
import { interval, percent } from '../../workflows/config/metricText.js';
import { comparedPathOf, liveAddress } from '../live/address.js';
import { describeRun, queryProgress, withClient, withStack } from './access.js';
import { inputOf } from './inputOf.js';
import { compareKind, evaluationKind, kindOf, runKind } from './kinds.js';
import { UsageError } from './usageError.js';

/** One of the two. */
interface Side {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  /** As it was resolved: presets and defaults filled in. */
  readonly spec: unknown;
  /** By the name of a model and a measure: none of one that has not finished, or of a comparison, whose report has them. */
  readonly accuracies: Readonly<Record<string, Accuracy>>;
  /** By name: what else there is to compare. */
  readonly others: Readonly<Record<string, string | number>>;
}

/** @throws UsageError where one of them is not there, or they are of different types */
export function diff(ids: readonly [string, string], { json = false }: { readonly json?: boolean }): Promise<void> {
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const [a, b] = [await sideOf(client, ids[0]), await sideOf(client, ids[1])];
      if (a.type !== b.type)
        throw new UsageError(`"${a.id}" is a ${a.type}, "${b.id}" a ${b.type}: give two of one type`);
      const spec = differences(a.spec, b.spec).map(({ path, own, other }) => ({ path, values: [own, other] as const }));
      if (!json) {
        printSides(a, b, spec);
        const live = a.type === runKind.type ? await liveAddress(stack) : undefined;
        return live === undefined ? undefined : console.log(`With curves: ${live}${comparedPathOf(ids)}`);
      }
      const results = together(a, b, ({ accuracies, others }) => ({ ...accuracies, ...others }));
      console.log(
        JSON.stringify({ ids, states: [a.state, b.state], spec, results: Object.fromEntries(results) }, null, 2),
      );
    }),
  );
}

async function sideOf(client: Client, id: string): Promise<Side> {
  const description = await describeRun(client, id);
  const { type, status } = description;
  const kind = kindOf(type);
  const common = { id, type, state: status.name.toLowerCase(), spec: kind.resolve(await inputOf(client, description)) };
  if (status.name !== 'COMPLETED') {
    const progress = status.name === 'RUNNING' ? await queryProgress(client, id) : undefined;
    const others = progress ? { phase: progress.phase, round: progress.round, accuracy: progress.accuracy } : {};
    return { ...common, accuracies: {}, others: present(others) };
  }
  const result: Readonly<Record<string, unknown>> = readResult(
    kind.format,
    await client.workflow.getHandle<() => Promise<Record<string, unknown>>>(id).result(),
  );
  return { ...common, accuracies: accuraciesOf(type, result), others: present(figuresOf(result)) };
}

function accuraciesOf(type: string, { metrics }: Readonly<Record<string, unknown>>): Record<string, Accuracy> {
  if (type === compareKind.type) return {};
  const rows: [string, Accuracy | undefined][] = [];
  if (type === evaluationKind.type) {
    const measured = metrics as EvaluationMetrics;
    for (const name of measureNames) rows.push([measureTitle(name, measured.samples), measured[name]]);
  } else
    for (const measure of measuresOf(metrics as RunMetrics))
      for (const model of evaluatedModels(metrics as RunMetrics))
        rows.push([`${model.name}, ${measure.name}`, measure.accuracyOf(model.metrics)]);
  return Object.fromEntries(rows.flatMap(([name, accuracy]) => (accuracy ? [[name, accuracy]] : [])));
}

function figuresOf({ seconds, checkpoint }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { sha256 } = (checkpoint ?? {}) as { readonly sha256?: string };
  return { seconds, checkpoint: sha256 };
}

function present(values: Readonly<Record<string, unknown>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(values).filter(
      (entry): entry is [string, string | number] => typeof entry[1] === 'string' || typeof entry[1] === 'number',
    ),
  );
}

/** Each name with the values of both, in the order in which they are met. */
function together<Value>(
  a: Side,
  b: Side,
  pick: (side: Side) => Readonly<Record<string, Value>>,
): readonly (readonly [name: string, values: readonly [Value | null, Value | null]])[] {
  const [own, other] = [pick(a), pick(b)];
  const names = [...new Set([...Object.keys(own), ...Object.keys(other)])];
  return names.map((name) => [name, [own[name] ?? null, other[name] ?? null]] as const);
}

function printSides(
  a: Side,
  b: Side,
  spec: readonly { readonly path: string; readonly values: readonly [unknown, unknown] }[],
): void {
  if (spec.length === 0) console.log('The specifications are the same.');
  else {
    const table = tableOf(['field', a.id, b.id]);
    for (const { path, values } of spec) table.push([path, ...values.map(show)]);
    console.log(table.toString());
  }
  const results = tableOf(['', `${a.id} (${a.state})`, `${b.id} (${b.state})`, 'points']);
  for (const [name, [own, other]] of together(a, b, ({ accuracies }) => accuracies))
    results.push([name, accuracyText(own), accuracyText(other), own && other ? pointsBetween(own, other) : '']);
  for (const [name, values] of together(a, b, ({ others }) => others))
    results.push([name, ...values.map((value) => shortened(value)), '']);
  if (results.length > 0) console.log(results.toString());
}

function tableOf(head: string[]): InstanceType<typeof Table> {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}

function accuracyText(accuracy: Accuracy | null): string {
  return accuracy ? `${percent(accuracy.percent)} (${interval(accuracy)})` : '';
}

/** The second less the first. */
function pointsBetween(own: Accuracy, other: Accuracy): string {
  const points = other.percent - own.percent;
  return `${points < 0 ? '−' : '+'}${percent(Math.abs(points))}`;
}

/** Hashes are known by their beginning. */
const shownCharacters = 16;

function shortened(value: string | number | null): string {
  if (value === null) return '';
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : value.slice(0, shownCharacters);
}
