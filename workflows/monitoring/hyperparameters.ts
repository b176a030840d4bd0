/** The update `setHyperparameters`: changes how a method learns from its next round on, in a run that is under way. */
import { defineUpdate, setHandler } from '@temporalio/workflow';
import { z } from 'zod';
import { InvalidSpec } from '../../activities/errors.js';
import { required } from '../../activities/invariant.js';
import { optionsOf, ppoEpochs } from '../config/algorithms.js';
import { explainIssues, isRecord } from '../config/explain.js';
import { algorithmOf, type MethodName, methods, trainingPhaseOf } from '../config/methods.js';
import { learningRate } from '../config/optimiser.js';
import { sampleTrainingSchema } from '../config/selfTraining.js';
import { unitsDone } from '../methods/method.js';
import type { RunState } from '../runState.js';
import { titleOf } from './describePhase.js';

const sampleTrainingChanges = sampleTrainingSchema.pick({ epochsPerRound: true }).extend({ learningRate }).partial();

/**
 * What may change between rounds: nothing that decides which questions a round takes. Undefined for a method without rounds.
 */
function changesOf(method: MethodName): z.ZodObject | undefined {
  const algorithm = algorithmOf(method);
  if (algorithm) return z.strictObject({ ppoEpochs, ...optionsOf(algorithm).shape, learningRate }).partial();
  if (method === 'online-self-training' || method === 'expert-iteration') return sampleTrainingChanges;
  return undefined;
}

/** Hyperparameters of the run's method, `learningRate` being the optimiser's. */
export interface HyperparameterChanges {
  readonly learningRate?: number;
  readonly [option: string]: unknown;
}

/** Returns the note that goes into the report. */
export const setHyperparametersUpdate = defineUpdate<string, [HyperparameterChanges]>('setHyperparameters');

export function serveHyperparameters(run: RunState): void {
  const schema = changesOf(run.spec.method);
  setHandler(
    setHyperparametersUpdate,
    (changes) => {
      const { learningRate, ...others } = changes;
      const { section } = methods[run.spec.method];
      const settings = required(run.spec[section], `the section ${section} of a run that trains with it`);
      const optimiser = learningRate === undefined ? settings.optimiser : { ...settings.optimiser, learningRate };
      run.spec = { ...run.spec, [section]: { ...settings, ...others, optimiser } };
      const note = `After round ${unitsDone(run)}, changed by hand: ${JSON.stringify(changes)}`;
      run.notes.push(note);
      return note;
    },
    {
      description: schema
        ? `Changes the method from its next round on: ${Object.keys(schema.shape).join(', ')}`
        : 'Refused: a method in epochs has no rounds to change it between',
      validator: (changes) => {
        const problems = problemsWith(run, schema, changes);
        if (problems.length > 0) throw new InvalidSpec(...problems.map((problem) => `setHyperparameters: ${problem}`));
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
