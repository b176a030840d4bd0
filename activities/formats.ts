/**
 * The forms of what outlives the code that wrote it: checkpoints, data sets, results, the state that a workflow carries on, and
 * specifications. Each has a version, counted from 1; older ones are upgraded when they are read, newer ones refused.
 *
 * A version is the field `version`. What has none is of the first. So is what is written without one: objects that are named by their
 * content get the field from version 2 on, so that the bytes of version 1, and the hashes of checkpoints, stay what they are.
 *
 * To change a form: append to its row a function that makes the new form of the old one, and a test that reads an old one.
 */
import { IncompatibleVersion } from './errors.js';

type Fields = Readonly<Record<string, unknown>>;

export interface Format {
  /** What messages call it, with its article. */
  readonly name: string;
  /** The first makes version 2 of version 1, and so on: a format is of as many versions as it has upgrades, and one. */
  readonly upgrades: readonly ((older: Fields) => Fields)[];
}

export const formats = {
  checkpoint: { name: 'a checkpoint', upgrades: [] },
  dataSet: { name: 'a data set', upgrades: [] },
  publishedRun: { name: 'the result.json of a run', upgrades: [] },
  publishedComparison: { name: 'the result.json of a comparison', upgrades: [] },
  publishedEvaluation: { name: 'the result.json of an evaluation', upgrades: [] },
  publishedAnnotation: { name: 'the result.json of an annotation', upgrades: [] },
  annotatorAnswer: { name: 'an answer of an annotator', upgrades: [] },
  round: { name: 'the note of a round', upgrades: [] },
  keptRounds: { name: 'the list of kept rounds', upgrades: [] },
  start: { name: 'the start of a training', upgrades: [] },
  runSpec: { name: 'the specification of a run', upgrades: [] },
  comparisonSpec: { name: 'the specification of a comparison', upgrades: [] },
  evaluationSpec: { name: 'the specification of an evaluation', upgrades: [] },
  annotationSpec: { name: 'the specification of an annotation', upgrades: [] },
  runState: { name: 'the state of a run', upgrades: [] },
  trainingState: { name: 'the state of a training', upgrades: [] },
  comparisonState: { name: 'the state of a comparison', upgrades: [] },
  evaluationState: { name: 'the state of an evaluation', upgrades: [] },
  annotationState: { name: 'the state of an annotation', upgrades: [] },
  runResult: { name: 'the result of a run', upgrades: [] },
  trainingResult: { name: 'the result of a training', upgrades: [] },
  comparisonResult: { name: 'the result of a comparison', upgrades: [] },
  evaluationResult: { name: 'the result of an evaluation', upgrades: [] },
  annotationResult: { name: 'the result of an annotation', upgrades: [] },
} as const satisfies Readonly<Record<string, Format>>;

/** The version that this code writes. */
export function versionOf({ upgrades }: Format): number {
  return upgrades.length + 1;
}

/**
 * A value in the form that this code knows, without its version.
 * @param where whose it is, for the message
 * @throws IncompatibleVersion when later code wrote it
 */
export function upgrade(format: Format, value: object, where: string): Fields {
  const { version = 1, ...fields } = value as Fields;
  return upgraderFrom(format, version, where)(fields);
}

/**
 * As `upgrade`, for many values whose version stands elsewhere: the lines of a data set.
 * @throws IncompatibleVersion when later code wrote them
 */
export function upgraderFrom(format: Format, version: unknown, where: string): (value: Fields) => Fields {
  const newest = versionOf(format);
  if (!Number.isInteger(version) || Number(version) < 1 || Number(version) > newest) {
    const known = newest === 1 ? 'version 1 alone' : `versions 1 to ${newest}`;
    throw new IncompatibleVersion(
      `${where} is ${format.name} of version ${JSON.stringify(version)}; this ReFT knows ${known}`,
    );
  }
  const due = format.upgrades.slice(Number(version) - 1);
  return (value) => due.reduce((older, next) => next(older), value);
}

/** The field for an object that is named by its content: none in the first version. */
export function versionField(format: Format): { readonly version?: number } {
  const version = versionOf(format);
  return version === 1 ? {} : { version };
}

/**
 * A workflow's result in the form that this code knows.
 * @throws IncompatibleVersion when later code gave it
 */
export function readResult<Result extends object>(format: Format, result: Result): Result {
  // Its form is known by its version: only our own workflows give it.
  return { ...upgrade(format, result, 'A result'), version: versionOf(format) } as unknown as Result;
}
