/**
 * The names of the data sets: what `data.source` of a specification may say. `index.ts` has a module for each. They stand apart from
 * it since specifications are checked inside workflows, which do no I/O.
 */
export const dataSetNames = ['generated', 'countdown', 'svamp', 'gsm8k', 'mathqa', 'mathqa-numeric'] as const;

/** Made on the spot, as many questions as are asked for. */
export function isMade(source: unknown): boolean {
  return source === 'generated' || source === 'countdown';
}

export type DataSetName = (typeof dataSetNames)[number];

/** What the answers of a data set are: option letters in MathQA, numbers in all others. */
export function answersOf(name: DataSetName): 'number' | 'choice' {
  return name === 'mathqa' ? 'choice' : 'number';
}
