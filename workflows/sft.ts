/** The baseline as a run of its own: `reft` without reinforcement learning, from warm-up to report. */
import { reft } from './reft.js';
import type { RunResult, RunState } from './run.js';
import type { SpecInput } from './spec/resolveSpec.js';

/** As `reft`, with the specification's method set to `sft`; continue-as-new keeps this workflow's type. */
export async function sft(input: SpecInput, carried?: RunState): Promise<RunResult> {
  return reft({ ...input, method: 'sft' }, carried);
}
