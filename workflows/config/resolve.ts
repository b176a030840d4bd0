/**
 * From what a user gives (a preset's name and overrides, or a whole specification) to the checked `Spec` a run follows.
 *
 * The same function runs inside the workflow and in the `reft` command, so a bad specification is refused alike in both, with
 * every problem named at once.
 */
import { comparisonOfSet } from '../../activities/data/sets/names.js';
import { InvalidSpec } from '../../activities/errors.js';
import { type Format, formats, upgrade, versionOf } from '../../activities/formats.js';
import { admitSpec } from './admit.js';
import { withRounds } from './algorithms.js';
import { type AnnotationSpec, annotationSchema, withAnnotationDefaults } from './annotation.js';
import { type CompareSpec, compareSchema } from './compare.js';
import { type EvaluationRunSpec, evaluationRunSchema } from './evaluationRun.js';
import { explainIssues, isRecord, show } from './explain.js';
import type { MethodName } from './methods.js';
import { comparisonPresets, presets } from './presets/index.js';
import { type Spec, specSchema } from './spec.js';

/** What a run is started with: `{"preset": "demo", "seed": 1}`, or every field without a preset. */
export interface SpecInput {
  readonly preset?: string;
  readonly [field: string]: unknown;
}

/**
 * Lays the fields of `input` over its preset, field by field in nested objects, checks the result and fills in defaults.
 *
 * @throws InvalidSpec naming every field at fault; IncompatibleVersion when it was written for a later version.
 */
export function resolveSpec(input: unknown): Spec {
  const { preset, ...overrides } = upgradeSpec(formats.runSpec, input, '{"preset": "demo"}');
  const given = preset === undefined ? overrides : layOver(presetNamed(presets, preset), overrides);
  const merged = isRecord(given) ? withComparison(withRounds(given)) : given;
  const parsed = specSchema.safeParse(merged);
  if (parsed.success) return parsed.data;
  throw new InvalidSpec(...explainIssues(specSchema, parsed.error, merged));
}

/**
 * As `resolveSpec`: fields laid over the preset's, the whole checked, and with it the run of each method.
 * @throws InvalidSpec naming every field at fault.
 */
export function resolveComparison(input: unknown): CompareSpec {
  const { preset, ...overrides } = upgradeSpec(formats.comparisonSpec, input, '{"preset": "paper-small"}');
  const merged = preset === undefined ? overrides : layOver(presetNamed(comparisonPresets, preset), overrides);
  const parsed = compareSchema.safeParse(merged);
  if (!parsed.success) throw new InvalidSpec(...explainIssues(compareSchema, parsed.error, merged));
  const { run, ...others } = parsed.data;
  if (Object.hasOwn(run, 'method')) throw new InvalidSpec('run.method: is set by methods of the comparison');
  if (run.startFrom != null) throw new InvalidSpec('run.startFrom: not for a comparison, whose warm-ups are its own');
  const resolved = resolveRun(run, others.methods);
  return { warmUps: [resolved.seed], ...others, run: resolved };
}

/** The run as its first method's; those of the others must be sound as well. */
function resolveRun(run: SpecInput, names: readonly MethodName[]): Spec {
  const problems = new Set<string>();
  const specs = names.flatMap((method) => {
    try {
      return [resolveSpec({ ...run, method })];
    } catch (error) {
      if (!(error instanceof InvalidSpec)) throw error;
      for (const problem of error.problems) problems.add(`run.${problem}`);
      return [];
    }
  });
  const [first] = specs;
  if (problems.size > 0 || first === undefined) throw new InvalidSpec(...problems);
  return first;
}

/** @throws InvalidSpec naming every field at fault. */
export function resolveEvaluation(input: unknown): EvaluationRunSpec {
  const given = withComparison(upgradeSpec(formats.evaluationSpec, input, '{"model": …, "data": …}'));
  const parsed = evaluationRunSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidSpec(...explainIssues(evaluationRunSchema, parsed.error, given));
}

/** @throws InvalidSpec naming every field at fault. */
export function resolveAnnotation(input: unknown): AnnotationSpec {
  const given = withComparison(
    withAnnotationDefaults(upgradeSpec(formats.annotationSpec, input, '{"data": …, "annotator": …}')),
  );
  const parsed = annotationSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidSpec(...explainIssues(annotationSchema, parsed.error, given));
}

/** With the comparison of the data set's authors, where the reward compares answers and names none of its own. */
function withComparison(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { data, reward = { name: 'answer' } } = spec;
  const source = isRecord(data) ? data.source : undefined;
  const names: readonly unknown[] = Array.isArray(source)
    ? source.map((part) => isRecord(part) && part.source)
    : [source];
  const [comparison] = names.flatMap((name) => comparisonOfSet(name) ?? []);
  if (comparison === undefined || !isRecord(reward) || reward.name !== 'answer') return spec;
  return { ...spec, reward: { comparison, ...reward } };
}

/**
 * A specification in today's form.
 * @throws IncompatibleVersion when it was written for a later one
 */
function upgradeSpec(format: Format, input: unknown, example: string): Readonly<Record<string, unknown>> {
  return { ...upgrade(format, admitSpec(input, example), 'What is to run'), version: versionOf(format) };
}

/** @throws InvalidSpec when there is no such preset. */
function presetNamed(all: Readonly<Record<string, { readonly fields: unknown }>>, name: unknown): unknown {
  const names = Object.keys(all);
  // hasOwn: "constructor" and its like are no presets.
  const preset = typeof name === 'string' && Object.hasOwn(all, name) ? all[name] : undefined;
  if (preset !== undefined) return preset.fields;
  throw new InvalidSpec(`preset: got ${show(name)}, allowed: one of ${names.map(show).join(', ')}`);
}

/**
 * Lays overrides over a preset. A pretrained model has none of the sizes a preset gives its model, so it takes that model's place; so
 * does a reward of another name.
 */
function layOver(preset: unknown, overrides: Readonly<Record<string, unknown>>): unknown {
  const merged = merge(preset, overrides);
  if (!isRecord(merged) || !isRecord(preset)) return merged;
  const { model, reward } = overrides;
  const own = isRecord(preset.reward) ? preset.reward.name : undefined;
  return {
    ...merged,
    ...(isRecord(model) && Object.hasOwn(model, 'from') && { model }),
    ...(isRecord(reward) && reward.name !== undefined && reward.name !== own && { reward }),
  };
}

function merge(base: unknown, overrides: unknown): unknown {
  if (!isRecord(base) || !isRecord(overrides)) return overrides;
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(overrides)) merged.set(key, merge(merged.get(key), value));
  return Object.fromEntries(merged);
}
