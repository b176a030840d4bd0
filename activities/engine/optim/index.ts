/** The registry of optimisers. `optimiser.ts` says what one is made of. */
import { z } from 'zod';
import { adamw } from './adamw.js';
import { muon } from './muon.js';
import type { Optimiser } from './optimiser.js';
import type { Schedule } from './schedule.js';

export const optimisers = { adamw, muon };

/** The schema of the spec's `optimiser` sections. */
export const optimiserSchema = z.union(Object.values(optimisers).map(({ section }) => section));

type Section = z.output<typeof optimiserSchema>;
type WithoutSchedule<Of> = Of extends unknown ? Omit<Of, keyof Schedule> : never;

/** An `optimiser` section as training takes it; of its schedule come the rates. */
export type OptimiserSettings = Readonly<WithoutSchedule<Section>>;

/** What a training task is given: `learningRates` has one entry a step. */
export type ScheduledOptimiser = OptimiserSettings & { readonly learningRates: readonly number[] };

export function createOptimiser(settings: OptimiserSettings): Optimiser {
  return optimisers[settings.name].create(settings);
}
