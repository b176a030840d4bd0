/**
 * The names of the data sets: what `data.source` of a specification may say. `index.ts` has a module for each. They stand apart from
 * it since specifications are checked inside workflows, which do no I/O.
 */
const madeSetNames = ['generated', 'countdown'] as const;
export const publishedSetNames = [
  'svamp',
  'gsm8k',
  'mathqa',
  'mathqa-numeric',
  'gsm-hard',
  'mawps',
  'asdiv',
  'aqua',
  'math',
  'multiple-choice',
] as const;
export const dataSetNames = [...madeSetNames, ...publishedSetNames] as const;

export type MadeSetName = (typeof madeSetNames)[number];
export type PublishedSetName = (typeof publishedSetNames)[number];
export type DataSetName = (typeof dataSetNames)[number];

/** Made on the spot, as many questions as are asked for. */
export function isMade(source: unknown): boolean {
  return source === 'generated' || source === 'countdown';
}

/** As `isMade`, of what else is a data set's name or no name. */
export function isMadeSet(source: DataSetName | object): source is MadeSetName {
  return isMade(source);
}

const answers: Readonly<Partial<Record<DataSetName, 'choice' | 'text'>>> = {
  mathqa: 'choice',
  aqua: 'choice',
  'multiple-choice': 'choice',
  math: 'text',
};

/** What the answers of a data set are: option letters, formulas as text in MATH, numbers in all others. */
export function answersOf(name: DataSetName): 'number' | 'choice' | 'text' {
  return answers[name] ?? 'number';
}

/** The comparison that a data set's authors give, where it is not what follows from the kind of its answers. */
export function comparisonOfSet(name: unknown): { readonly name: 'latex' } | undefined {
  return name === 'math' ? { name: 'latex' } : undefined;
}
