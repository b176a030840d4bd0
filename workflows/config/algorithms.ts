/**
 * The sections of reinforcement-learning algorithms, one for each row of the engine's registry (`activities/engine/rl`): the
 * settings of its rounds, which all algorithms share, and its own options.
 */
import { z } from 'zod';
import type { Algorithm, OptionProblem, SpecLimits } from '../../activities/engine/rl/algorithm.js';
import type { DynamicSampling } from '../../activities/engine/rl/dynamicSampling.js';
import {
  type AlgorithmChoice,
  type AlgorithmName,
  algorithmNames,
  algorithms,
  bindAlgorithm,
} from '../../activities/engine/rl/index.js';
import { isRecord } from './explain.js';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const ppoEpochs = count.max(100).describe('Times that a round’s answers are trained on (paper’s code: 2).');

function roundsShape({ samplesPerQuestion, ppoEpochs: usualEpochs }: Algorithm['rounds']) {
  return {
    epochs: count
      .max(10_000)
      .describe(
        'Times that every training question is answered. A round takes `questionsPerRound` of them (paper, 4.3: 300).',
      ),
    questionsPerRound: count
      .max(100_000)
      .describe('Questions that are answered before the policy is updated (paper’s code: 32).'),
    samplesPerQuestion: z
      .int()
      .min(samplesPerQuestion.least)
      .max(256)
      .default(samplesPerQuestion.default)
      .describe('Answers sampled for each question of a round, at temperature 1 (paper, 3.1: 1).'),
    miniBatch: count.max(100_000).describe('Answers in one optimiser step (paper’s code: all of a round).'),
    ppoEpochs: ppoEpochs.default(usualEpochs),
    optimiser: optimiserSchema.describe('How weights are changed by gradients.'),
  };
}

type RoundsShape = ReturnType<typeof roundsShape>;

/** What every algorithm's section says of its rounds. */
export type PolicyRoundsSpec = z.output<z.ZodObject<RoundsShape>>;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** The field of the specification with an algorithm's settings: `dr-grpo` has `drGrpo`. */
export type SectionOf<Name extends AlgorithmName> = CamelCase<Name>;

export function sectionOf<Name extends AlgorithmName>(name: Name): SectionOf<Name> {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as SectionOf<Name>;
}

type Section<Options extends z.ZodObject> = z.ZodDefault<
  z.ZodNullable<z.ZodObject<RoundsShape & Options['shape'], z.core.$strict>>
>;
type Sections = { [Name in AlgorithmName as SectionOf<Name>]: Section<(typeof algorithms)[Name]['options']> };

function sectionSchema({ title, rounds, options }: Algorithm) {
  return z
    .strictObject({ ...roundsShape(rounds), ...options.shape })
    .nullable()
    .default(null)
    .describe(`Settings of ${title}. Only a run that trains with it needs them.`);
}

export const algorithmSections = Object.fromEntries(
  algorithmNames.map((name) => [sectionOf(name), sectionSchema(algorithms[name])]),
) as unknown as Sections;

/** The options of an algorithm alone. */
export function optionsOf(name: AlgorithmName): z.ZodObject {
  return algorithms[name].options;
}

/** A section's settings, parted: those of the rounds, and the algorithm with its own options. */
export function partSettings(
  name: AlgorithmName,
  settings: PolicyRoundsSpec,
): { readonly rounds: PolicyRoundsSpec; readonly algorithm: AlgorithmChoice } {
  const { epochs, questionsPerRound, samplesPerQuestion, miniBatch, ppoEpochs, optimiser, ...options } = settings;
  return {
    rounds: { epochs, questionsPerRound, samplesPerQuestion, miniBatch, ppoEpochs, optimiser },
    algorithm: { ...options, name },
  };
}

export type { DynamicSampling };

/** Whether an algorithm replaces questions that tell nothing, and how. */
export function dynamicSamplingOf(algorithm: AlgorithmChoice): DynamicSampling | null {
  return bindAlgorithm(algorithm).dynamicSampling;
}

/** What is wrong with a section's options beside the rest of the specification. */
export function problemsOf(
  name: AlgorithmName,
  settings: PolicyRoundsSpec,
  limits: SpecLimits,
): readonly OptionProblem[] {
  const { name: _, ...options } = partSettings(name, settings).algorithm;
  return algorithms[name].check(options, limits);
}

/**
 * Gives each algorithm that a specification has no section for the rounds of the one it is like, with its own options at their
 * defaults: presets need not name every algorithm.
 */
export function withRounds(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const added = algorithmNames.flatMap((name) => {
    const { roundsLike }: Algorithm = algorithms[name];
    const like = algorithmNames.find((other) => other === roundsLike);
    if (like === undefined || Object.hasOwn(spec, sectionOf(name))) return [];
    const settings = spec[sectionOf(like)];
    if (!isRecord(settings)) return [];
    const rounds = Object.entries(settings).filter(([field]) => !Object.hasOwn(algorithms[like].options.shape, field));
    return [[sectionOf(name), Object.fromEntries(rounds)] as const];
  });
  return { ...spec, ...Object.fromEntries(added) };
}
