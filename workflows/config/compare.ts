/** The spec of a comparison: which methods, from which seeds, and the run that they share in all else. */
import { z } from 'zod';
import { formats } from '../../activities/formats.js';
import { type MethodName, methodNames, methods } from './methods.js';
import type { Spec } from './spec.js';
import { versionField } from './version.js';

/** More would not fit into what a workflow can carry. */
const mostModels = 500;

export const compareSchema = z
  .strictObject({
    version: versionField(formats.comparisonSpec),
    title: z.string().max(200).default('Comparison of methods').describe('Heading of the report.'),
    run: z
      .record(z.string(), z.unknown())
      .describe(
        'What a run is started with, save its method: a preset with overrides, or a whole spec. Its seed is that of the data and, without `warmUps`, of the warm-up.',
      ),
    methods: z
      .array(z.enum(methodNames))
      .min(1)
      .describe('Methods to compare, each once. The paper (4.2) has SFT and both kinds of self-training beside ReFT.'),
    seeds: z
      .array(z.int().min(0).max(0xffff_ffff))
      .min(1)
      .describe('A training of each method from each warm-up for each of these.'),
    warmUps: z
      .array(z.int().min(0).max(0xffff_ffff))
      .min(1)
      .exactOptional()
      .describe(
        'Seeds of the warm-ups; left out, the run’s. With several, intervals and p tell how much warm-ups vary; trainings from one warm-up say nothing of that.',
      ),
    parallel: z
      .int()
      .min(1)
      .max(64)
      .default(3)
      .describe(
        'Child workflows under way at once. One more than there are engines keeps these busy while answers are scored; 3 is for a machine with two.',
      ),
  })
  .superRefine(({ methods: names, seeds, warmUps = [] }, context) => {
    const report = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (new Set(names).size < names.length) report('methods', 'each method once');
    if (new Set(seeds).size < seeds.length) report('seeds', 'each seed once');
    if (new Set(warmUps).size < warmUps.length) report('warmUps', 'each seed once');
    const ofSeed = names.length * Math.max(1, warmUps.length);
    if (seeds.length * ofSeed > mostModels)
      report('seeds', `at most ${mostModels} trainings in all, ${ofSeed} for each seed`);
  });

/** A whole comparison but for the fields that have a default: what a preset is. */
export type ComparisonPreset = z.input<typeof compareSchema>;

/** A checked comparison. */
export interface CompareSpec {
  readonly version: number;
  readonly title: string;
  readonly methods: readonly MethodName[];
  readonly seeds: readonly number[];
  readonly warmUps: readonly number[];
  readonly parallel: number;
  /** What all trainings share; its seed is that of the data. */
  readonly run: Spec;
}

/** The specification of one method's training. */
export function childSpec({ run }: CompareSpec, seed: number, method: MethodName): Spec {
  return { ...run, seed, method };
}

/** A comparison in a few lines of Markdown. */
export function describeComparison({ methods: names, seeds, warmUps, run }: CompareSpec): string {
  const titles = names.map((name) => methods[name].title).join(', ');
  return [
    `- **Methods**: ${titles}, each from the warm-up${warmUps.length === 1 ? ' of seed' : 's of seeds'} ${warmUps.join(', ')}`,
    `- **Seeds**: ${seeds.join(', ')}`,
    `- **Run**: ${run.title}`,
  ].join('\n');
}
