/**
 * The run specification: every field a run can be given, put together from a file a topic, with the checks between fields.
 *
 * Pure zod, so the same schema validates in the workflow, in the `reft` command and as JSON Schema (`reft schema`).
 * Defaults are the paper's for a model trained from scratch where it gives one; presets fill in the rest.
 */
import { z } from 'zod';
import { isMade } from '../../activities/data/sets/names.js';
import { formats } from '../../activities/formats.js';
import { algorithmSections, problemsOf } from './algorithms.js';
import { computeSchema } from './compute.js';
import { dataSchema } from './data.js';
import { difficultySchema } from './difficulty.js';
import { evaluationSchema } from './evaluation.js';
import { fleetSchema } from './fleet.js';
import { generationSchema } from './generation.js';
import { loraSchema } from './lora.js';
import { memorySchema } from './memory.js';
import { methodNames, methods, policyMethodNames } from './methods.js';
import { modelSchema } from './model.js';
import { retentionSchema } from './retention.js';
import { checkReward, rewardSchema } from './reward.js';
import { rewardModelSchema } from './rewardModel.js';
import { offlineSelfTrainingSchema, sampleTrainingSchema } from './selfTraining.js';
import { startFromSchema } from './startFrom.js';
import { supervisedSchema } from './supervised.js';
import { versionField } from './version.js';

export const specSchema = z
  .strictObject({
    version: versionField(formats.runSpec),
    title: z
      .string()
      .max(200)
      .default('ReFT')
      .describe('Heading of the report, and the run’s summary in Temporal’s UI.'),
    method: z
      .enum(methodNames)
      .default('reft')
      .describe(
        'How the model learns after the warm-up. `reft` is the paper’s method, PPO. Only its section of settings is needed.',
      ),
    seed: z
      .int()
      .min(0)
      .max(0xffff_ffff)
      .default(0)
      .describe(
        'Every random choice follows from it: the same spec on the same type of machine gives the same checkpoint.',
      ),
    startFrom: startFromSchema
      .nullable()
      .default(null)
      .describe(
        'Branches from a round of another run, with its questions and model: other settings are this specification’s own. Null begins anew.',
      ),
    data: dataSchema.describe('The questions: where they come from, and how they and their answers are written.'),
    model: modelSchema,
    generation: generationSchema.describe('How answers are generated.'),
    reward: rewardSchema.describe('What an answer is worth in training, and whether it counts as right.'),
    fleet: fleetSchema.prefault({}).describe('What the run takes of the workers. Results do not depend on it.'),
    lora: loraSchema
      .nullable()
      .default(null)
      .describe(
        'Trains adapters on frozen weights; value and reward heads are trained in full. Null trains every weight.',
      ),
    compute: computeSchema
      .prefault({})
      .describe('How the model is computed: its precision, and what memory is spent on.'),
    memory: memorySchema
      .nullable()
      .default(null)
      .describe(
        'What the run may take of its device’s memory; how batches are split follows from it, and so the last bits of every sum. Null: chosen once, from what the worker that plans the run has, and kept to the end. Given, the same checkpoint comes out of machines with more memory or less.',
      ),
    warmUp: supervisedSchema.describe(
      'Supervised training on the annotated answers, from which every method starts (paper, 3.1).',
    ),
    difficulty: difficultySchema
      .nullable()
      .default(null)
      .describe(
        'After the warm-up: measures how often its model is right on each training question, and trains the method on questions of some difficulty alone, or on easy ones first. SFT and the reward model learn from all questions. Null measures nothing and takes all.',
      ),
    sft: supervisedSchema
      .nullable()
      .default(null)
      .describe('The SFT baseline: supervised training continued from the warm-up (paper, 4.2). Null leaves it out.'),
    offlineSelfTraining: offlineSelfTrainingSchema
      .nullable()
      .default(null)
      .describe('Settings of method `offline-self-training` (paper, 4.2).'),
    onlineSelfTraining: sampleTrainingSchema
      .nullable()
      .default(null)
      .describe(
        'Settings of method `online-self-training` (paper, 4.2): half the loss on a round’s right samples, half on the annotated answers of its questions.',
      ),
    expertIteration: sampleTrainingSchema
      .nullable()
      .default(null)
      .describe('Settings of method `expert-iteration`: the loss is on a round’s right samples alone.'),
    ...algorithmSections,
    rewardModel: rewardModelSchema
      .nullable()
      .default(null)
      .describe('Training of the reward model that reranks sampled answers (paper, 4.3). Null leaves reranking out.'),
    retention: retentionSchema
      .prefault({})
      .describe(
        'What `reft gc` leaves of the run’s steps. What the run needs to go on, its best and its final checkpoint are always kept.',
      ),
    evaluation: evaluationSchema
      .prefault({})
      .describe('When models are measured, and with how many samples of each question.'),
  })
  .superRefine((spec, context) => {
    const report = (path: readonly (string | number)[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    if (isMade(spec.data.source))
      for (const field of ['train', 'test'] as const)
        if (spec.data[field] === undefined)
          report(['data', field], 'problems made on the spot need a count of at least 1');
    if (isMade(spec.data.source) && spec.data.validation < 1)
      report(['data', 'validation'], 'problems made on the spot need a count of at least 1');
    if (isMade(spec.data.source) && spec.data.exclude !== undefined)
      report(['data', 'exclude'], 'not for problems made on the spot');
    if (!('from' in spec.model) && spec.data.promptFormat === 'chat')
      report(['data', 'promptFormat'], 'chat needs a pretrained model with a chat template (model.from)');
    if (!('from' in spec.model) && spec.generation.maxAnswerTokens >= spec.model.maxPositions)
      report(
        ['generation', 'maxAnswerTokens'],
        `must be less than model.maxPositions ${spec.model.maxPositions}, which holds prompt and answer together`,
      );
    checkReward(spec.reward, spec.data, report);
    const { section } = methods[spec.method];
    if (spec[section] === null) report([section], `method ${spec.method} needs an object here`);
    for (const { section, algorithm } of policyMethodNames.map((name) => methods[name])) {
      const settings = spec[section];
      if (settings === null) continue;
      for (const { path, message } of problemsOf(algorithm, settings, spec.generation))
        report([section, ...path], message);
      const answers = settings.questionsPerRound * settings.samplesPerQuestion;
      if (settings.miniBatch > answers) report([section, 'miniBatch'], `at most ${answers}, the answers in one round`);
    }
    for (const section of ['onlineSelfTraining', 'expertIteration'] as const) {
      const settings = spec[section];
      if (settings !== null && settings.miniBatch > settings.questionsPerRound)
        report([section, 'miniBatch'], `at most ${settings.questionsPerRound}, the questions in one round`);
    }
  });

export type Spec = z.output<typeof specSchema>;
/** A whole run but for the fields that have a default: what a preset is. */
export type SpecPreset = z.input<typeof specSchema>;
/** What sampling answers needs to know of a specification. */
export type AnsweringSpec = Pick<Spec, 'seed' | 'generation' | 'reward' | 'fleet'>;
