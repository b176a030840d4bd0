/** The update `setHyperparameters`: changes how a method learns from its next round on, in a run that is under way. */
import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import type { z } from 'zod';
import { explainIssues, isRecord } from '../config/explain.js';
import { groupPolicySchema } from '../config/groupPolicy.js';
import { methods, trainingPhaseOf } from '../config/methods.js';
import { learningRate } from '../config/optimiser.js';
import { ppoSchema } from '../config/ppo.js';
import { sampleTrainingSchema } from '../config/selfTraining.js';
import type { RunState } from '../runState.js';
import { titleOf } from './describePhase.js';

/** What may change between rounds: nothing that decides which questions a round takes. */
const ppoChanges = ppoSchema
  .pick({
    passes: true,
    klCoefficient: true,
    valueCoefficient: true,
    gamma: true,
    lambda: true,
    clipRange: true,
    valueClipRange: true,
  })
  .extend({ learningRate })
  .partial();
const sampleTrainingChanges = sampleTrainingSchema.pick({ epochsPerRound: true }).extend({ learningRate }).partial();

const groupPolicyChanges = groupPolicySchema
  .pick({ passes: true, klCoefficient: true, clipRange: true })
  .extend({ learningRate })
  .partial();

const changesOf = {
  sft: undefined,
  'offline-self-training': undefined,
  'online-self-training': sampleTrainingChanges,
  'expert-iteration': sampleTrainingChanges,
  grpo: groupPolicyChanges,
  rloo: groupPolicyChanges,
  reft: ppoChanges,
} as const satisfies Readonly<Record<RunState['spec']['method'], z.ZodObject | undefined>>;

/** Hyperparameters of the run's method, `learningRate` being the optimiser's. */
export type HyperparameterChanges = z.input<typeof ppoChanges> & z.input<typeof sampleTrainingChanges>;

/** Returns the note that goes into the report. */
export const setHyperparametersUpdate = defineUpdate<string, [HyperparameterChanges]>('setHyperparameters');

export function serveHyperparameters(run: RunState): void {
  const schema = changesOf[run.spec.method];
  setHandler(
    setHyperparametersUpdate,
    (changes) => {
      const { learningRate, ...others } = changes;
      const { section } = methods[run.spec.method];
      const settings = run.spec[section];
      if (settings === null) throw new Error(`a run without ${section}`);
      const optimiser = learningRate === undefined ? settings.optimiser : { ...settings.optimiser, learningRate };
      run.spec = { ...run.spec, [section]: { ...settings, ...others, optimiser } };
      const note = `After round ${run.training?.done ?? 0}, changed by hand: ${JSON.stringify(changes)}`;
      run.notes.push(note);
      return note;
    },
    {
      description: schema
        ? `Changes the method from its next round on: ${Object.keys(schema.shape).join(', ')}`
        : 'Refused: a method in epochs has no rounds to change it between',
      validator: (changes) => {
        const problems = problemsWith(run, schema, changes);
        if (problems.length > 0)
          throw ApplicationFailure.nonRetryable(`setHyperparameters: ${problems.join('; ')}`, 'InvalidSpec');
      },
    },
  );
}

function problemsWith(run: RunState, schema: z.ZodObject | undefined, changes: unknown): string[] {
  const { method } = run.spec;
  if (!schema) return [`a run of method ${method} has no rounds`];
  const parsed = schema.safeParse(changes);
  if (!parsed.success) return explainIssues(schema, parsed.error, changes);
  if (!isRecord(changes) || Object.keys(changes).length === 0)
    return [`got nothing to change, allowed: any of ${Object.keys(schema.shape).join(', ')}`];
  const phase = run.journal.phases.at(-1)?.name;
  const training = trainingPhaseOf(method);
  const over = phase !== undefined && !['prepare', 'warm-up', training].includes(phase);
  return over ? [`${titleOf({ phase: training })} is over, the run is in phase ${phase}`] : [];
}
