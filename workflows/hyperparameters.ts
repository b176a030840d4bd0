/** The update `setHyperparameters`: changes how PPO learns from its next round on, in a run that is under way. */
import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import type { z } from 'zod';
import type { RunState } from './run.js';
import { explainIssues, isRecord } from './spec/explain.js';
import { optimiserSchema, ppoSchema } from './spec/schema.js';

/** What may change between rounds: nothing that decides which questions a round takes. */
const changesSchema = ppoSchema
  .pick({
    passes: true,
    klCoefficient: true,
    valueCoefficient: true,
    discount: true,
    gaeLambda: true,
    clipRange: true,
    valueClipRange: true,
  })
  .extend({ learningRate: optimiserSchema.shape.learningRate })
  .partial();

/** Any of PPO's hyperparameters, `learningRate` being the optimiser's. */
export type HyperparameterChanges = z.input<typeof changesSchema>;

/** Returns the note that goes into the report. */
export const setHyperparametersUpdate = defineUpdate<string, [HyperparameterChanges]>('setHyperparameters');

export function serveHyperparameters(run: RunState): void {
  setHandler(
    setHyperparametersUpdate,
    (changes) => {
      const { learningRate, ...others } = changes;
      const { ppo } = run.spec;
      const optimiser = learningRate === undefined ? ppo.optimiser : { ...ppo.optimiser, learningRate };
      run.spec = { ...run.spec, ppo: ppoSchema.parse({ ...ppo, ...others, optimiser }) };
      const note = `After round ${run.training?.done ?? 0}, changed by hand: ${JSON.stringify(changes)}`;
      run.notes.push(note);
      return note;
    },
    {
      description: `Changes PPO from its next round on: ${Object.keys(changesSchema.shape).join(', ')}`,
      validator: (changes) => {
        const problems = problemsWith(run, changes);
        if (problems.length > 0)
          throw ApplicationFailure.nonRetryable(`setHyperparameters: ${problems.join('; ')}`, 'InvalidSpec');
      },
    },
  );
}

function problemsWith(run: RunState, changes: unknown): string[] {
  if (run.spec.method !== 'reft') return [`a run of method ${run.spec.method} has no PPO rounds`];
  const parsed = changesSchema.safeParse(changes);
  if (!parsed.success) return explainIssues(changesSchema, parsed.error, changes);
  if (!isRecord(changes) || Object.keys(changes).length === 0)
    return [`got nothing to change, allowed: any of ${Object.keys(changesSchema.shape).join(', ')}`];
  const phase = run.journal.phases.at(-1)?.name;
  const over = phase !== undefined && !['prepare', 'warm-up', 'ppo'].includes(phase);
  return over ? [`PPO is over, the run is in phase ${phase}`] : [];
}
