/**
 * The run specification: every field a run can be given, put together from a file a topic, with the checks between fields.
 *
 * Pure zod, so the same schema validates in the workflow, in the `reft` command and as JSON Schema (`reft schema`).
 * Defaults are the paper's for a model trained from scratch where it gives one; presets fill in the rest.
 */
import { z } from 'zod';
import { dataSchema } from './data.js';
import { evaluationSchema } from './evaluation.js';
import { generationSchema } from './generation.js';
import { groupPolicySchema } from './groupPolicy.js';
import { loraSchema } from './lora.js';
import { methodNames, methods } from './methods.js';
import { modelSchema } from './model.js';
import { ppoSchema } from './ppo.js';
import { rewardModelSchema } from './rewardModel.js';
import { offlineSelfTrainingSchema, sampleTrainingSchema } from './selfTraining.js';
import { supervisedSchema } from './supervised.js';

export const specSchema = z
  .strictObject({
    title: z.string().max(200).default('ReFT'),
    method: z.enum(methodNames).default('reft'),
    seed: z.int().min(0).max(0xffff_ffff).default(0),
    data: dataSchema,
    model: modelSchema,
    generation: generationSchema,
    /** Trains adapters on frozen weights (value and reward heads in full). Null trains every weight. */
    lora: loraSchema.nullable().default(null),
    warmUp: supervisedSchema,
    /** The baseline: supervised training continued from the warm-up. Null leaves it out. */
    sft: supervisedSchema.nullable().default(null),
    /** Of the methods' settings only those of `method` are needed. */
    ppo: ppoSchema.nullable().default(null),
    offlineSelfTraining: offlineSelfTrainingSchema.nullable().default(null),
    onlineSelfTraining: sampleTrainingSchema.nullable().default(null),
    expertIteration: sampleTrainingSchema.nullable().default(null),
    groupPolicy: groupPolicySchema.nullable().default(null),
    rewardModel: rewardModelSchema.nullable().default(null),
    evaluation: evaluationSchema.prefault({}),
  })
  .superRefine((spec, context) => {
    const report = (path: readonly string[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    if (spec.data.source === 'generated')
      for (const field of ['train', 'test'] as const)
        if (spec.data[field] === undefined) report(['data', field], 'generated problems need a count of at least 1');
    if (!('from' in spec.model) && spec.data.promptFormat === 'chat')
      report(['data', 'promptFormat'], 'chat needs a pretrained model with a chat template (model.from)');
    if (!('from' in spec.model) && spec.generation.maxAnswerTokens >= spec.model.maxPositions)
      report(
        ['generation', 'maxAnswerTokens'],
        `must be less than model.maxPositions ${spec.model.maxPositions}, which holds prompt and answer together`,
      );
    const { section } = methods[spec.method];
    if (spec[section] === null) report([section], `method ${spec.method} needs an object here`);
    for (const name of ['ppo', 'groupPolicy'] as const) {
      const { miniBatch = 0, questionsPerRound = 0, samplesPerQuestion = 0 } = spec[name] ?? {};
      const answers = questionsPerRound * samplesPerQuestion;
      if (miniBatch > answers) report([name, 'miniBatch'], `at most ${answers}, the answers in one round`);
    }
    for (const name of ['onlineSelfTraining', 'expertIteration'] as const) {
      const { miniBatch = 0, questionsPerRound = 0 } = spec[name] ?? {};
      if (miniBatch > questionsPerRound)
        report([name, 'miniBatch'], `at most ${questionsPerRound}, the questions in one round`);
    }
  });

export type Spec = z.output<typeof specSchema>;
/** A whole run but for the fields that have a default: what a preset is. */
export type SpecPreset = z.input<typeof specSchema>;
/** What sampling answers needs to know of a specification. */
export type AnsweringSpec = Pick<Spec, 'seed' | 'generation'>;
