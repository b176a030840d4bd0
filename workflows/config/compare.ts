/**
 * The specification of a comparison: which methods, from which seeds, and the run that they share in all else.
 *
 * `paper-small` is the paper's comparison at the size of the demo: `{"preset": "paper-small", "seeds": [1, 2, 3]}`;
 * `paper-small-natural` is its part in words, `svamp-small` the same on real questions.
 */
import { z } from 'zod';
import { InvalidSpec } from '../../activities/errors.js';
import { explainIssues, isRecord, show } from './explain.js';
import { type MethodName, methodNames, methods } from './methods.js';
import { layOver, presetNamed, resolveSpec, type SpecInput } from './resolve.js';
import type { Spec } from './spec.js';

/** More would not fit into what a workflow can carry. */
const mostModels = 500;

export const compareSchema = z
  .strictObject({
    title: z.string().max(200).default('Comparison of methods'),
    /**
     * What a run is started with, save its method: a preset with overrides, or a whole specification. Its seed is the data's and
     * the warm-up's.
     */
    run: z.record(z.string(), z.unknown()),
    methods: z.array(z.enum(methodNames)).min(1),
    /** Of each method as many trainings, all from the one warm-up. */
    seeds: z.array(z.int().min(0).max(0xffff_ffff)).min(1),
    /** Children under way at once: one more than engines keeps these busy while answers are scored. More machines take more. */
    parallel: z.int().min(1).max(64).default(3),
  })
  .superRefine(({ methods: names, seeds }, context) => {
    const report = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (new Set(names).size < names.length) report('methods', 'each method once');
    if (new Set(seeds).size < seeds.length) report('seeds', 'each seed once');
    if (seeds.length * names.length > mostModels)
      report('seeds', `at most ${mostModels} trainings in all, ${names.length} for each seed`);
  });

/** A checked comparison. */
export interface CompareSpec {
  readonly title: string;
  readonly methods: readonly MethodName[];
  readonly seeds: readonly number[];
  readonly parallel: number;
  /** What all trainings share; its seed is that of the data and the warm-up. */
  readonly run: Spec;
}

const paperSmall = {
  title: 'The paper’s comparison, on generated word problems',
  // One reward model is for all models of a comparison: it is worth more samples and epochs than a run's.
  run: { preset: 'demo', rewardModel: { samplesPerQuestion: 20, epochs: 6 } },
  methods: ['sft', 'offline-self-training', 'online-self-training', 'grpo', 'reft'],
  seeds: [1, 2, 3, 4, 5],
} satisfies z.input<typeof compareSchema>;

export const comparePresets: Readonly<Record<string, z.input<typeof compareSchema>>> = {
  'paper-small': paperSmall,
  /** The same in words: the model works out the sums itself, so the numbers are small. */
  'paper-small-natural': {
    ...paperSmall,
    title: 'The paper’s comparison, on generated word problems answered in words',
    run: {
      preset: 'demo',
      data: { cot: 'natural', largestNumber: 9 },
      generation: { maxAnswerTokens: 56 },
      ppo: { klCoefficient: 0.05 },
      // A reward model of this size hardly tells right sums from wrong ones: half the samples keep the comparison short.
      rewardModel: { samplesPerQuestion: 10, epochs: 6 },
    },
    methods: ['sft', 'offline-self-training', 'reft'],
  },
  /** The same methods on real questions, far too hard for a model of this size without pretraining. */
  'svamp-small': {
    ...paperSmall,
    title: 'The paper’s comparison, on SVAMP from scratch',
    run: { preset: 'svamp' },
    seeds: [1, 2, 3],
  },
};

/**
 * As `resolveSpec`: fields laid over the preset's, the whole checked, and with it the run of each method.
 * @throws InvalidSpec naming every field at fault.
 */
export function resolveComparison(input: unknown): CompareSpec {
  if (!isRecord(input))
    throw new InvalidSpec(`got ${show(input)}, allowed: an object, such as {"preset": "paper-small"}`);
  const { preset, ...overrides } = input;
  const merged = preset === undefined ? overrides : layOver(presetNamed(comparePresets, preset), overrides);
  const parsed = compareSchema.safeParse(merged);
  if (!parsed.success) throw new InvalidSpec(...explainIssues(compareSchema, parsed.error, merged));
  const { run, ...others } = parsed.data;
  if (Object.hasOwn(run, 'method')) throw new InvalidSpec('run.method: is set by methods of the comparison');
  return { ...others, run: resolveRun(run, others.methods) };
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

/** The specification of one method's training. */
export function childSpec({ run }: CompareSpec, seed: number, method: MethodName): Spec {
  return { ...run, seed, method };
}

/** A comparison in a few lines of Markdown. */
export function describeComparison({ methods: names, seeds, run }: CompareSpec): string {
  const titles = names.map((name) => methods[name].title).join(', ');
  return [
    `- **Methods**: ${titles}, each from the warm-up of seed ${run.seed}`,
    `- **Seeds**: ${seeds.join(', ')}`,
    `- **Run**: ${run.title}`,
  ].join('\n');
}
