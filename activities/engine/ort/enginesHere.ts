/**
 * How many engines share this machine: `REFT_ENGINES`, which engine processes have from the worker that starts them. Each takes its
 * share of cores and memory.
 */
export function enginesHere(environment: NodeJS.ProcessEnv = process.env): number {
  return Number(environment.REFT_ENGINES) || 1;
}
