/**
 * The activity `prepareData`: from a specification's data part to tokenised data sets and a tokenizer in the store. The same
 * specification and seed give the same objects, so a retry writes nothing new.
 */

import type { DataSpec } from '../workflows/config/data.js';
import { moduleAt } from './compiled.js';
import { obtainFiles } from './data/files/obtainFile.js';
import { runInThread } from './data/thread/runInThread.js';
import type { DataSetRef, PreparedData, PretrainedTokenizer } from './data/types.js';
import { formats, versionField } from './formats.js';
import { heartbeatWhile, type ReportProgress } from './heartbeatWhile.js';
import { required } from './invariant.js';
import type {
  LinesFile,
  PreparedInThread,
  PrepareInThread,
  PrepareServices,
  PretrainedFiles,
} from './prepareDataThread.js';
import { type HubAccess, openHub } from './pretrained/hub.js';
import type { Comparison } from './rewards/compareAnswers.js';
import type { SandboxPool } from './rewards/sandbox/pool.js';
import type { Store } from './store/types.js';
import { withOutputDirectory } from './trainingSteps.js';

export interface PrepareDataInput {
  readonly data: DataSpec;
  readonly seed: number;
  /** The reward's, where it has one of its own: annotated answers are read by it. */
  readonly comparison?: Comparison;
  /** Training questions without their chains of thought, and none held out: those that are to be annotated. */
  readonly questionsOnly?: boolean;
  /** A pretrained model's; left out, a tokenizer is trained on the training questions. */
  readonly tokenizer?: PretrainedTokenizer;
}

export interface PrepareDataSettings {
  readonly store: Store;
  /** Runs annotated programs that have to be proved right, and later those of answers. */
  readonly sandbox: Pick<SandboxPool, 'run' | 'warmUp'>;
  /** The Hugging Face hub, for data sets that lie there. */
  readonly hub: HubAccess;
  /** The folder of published data sets (`REFT_DATA_DIR`); generated problems need none. */
  readonly dataDirectory: string | undefined;
  /** Where files lie while they are worked on; on the same disk as the store's cache. */
  readonly workDirectory: string;
}

/** Of the thread's heap. A million questions of usual length take a quarter of it. */
const mostMegabytes = 2_048;

/**
 * The activity over a store. A pretrained model brings its own tokenizer; otherwise one is trained, and sees the training split
 * only: words it has not seen become `<unk>` at word level.
 *
 * @throws InvalidData when a data set is missing or unusable, InvalidSpec when the specification asks too much of it, InvalidModel
 * when the model has no chat template that a chat could follow, InsufficientMemory when the data need more than the thread has.
 */
export function createPrepareData(settings: PrepareDataSettings) {
  return (input: PrepareDataInput): Promise<PreparedData> =>
    heartbeatWhile('questions', (report, signal) =>
      withOutputDirectory(settings.workDirectory, (directory) => prepare(input, settings, directory, report, signal)),
    );
}

async function prepare(
  { data, seed, comparison, questionsOnly, tokenizer: pretrained }: PrepareDataInput,
  { store, sandbox, hub, dataDirectory }: PrepareDataSettings,
  workDirectory: string,
  onProgress: ReportProgress,
  signal: AbortSignal,
): Promise<PreparedData> {
  // Python loads meanwhile, and until the first answers. Where it does not, the first scoring says so.
  if (data.cot === 'program') sandbox.warmUp().catch(() => undefined);
  const prepared = await runInThread<PrepareInThread, PreparedInThread, PrepareServices>({
    module: moduleAt('./prepareDataThread', import.meta.url),
    input: {
      data,
      seed,
      comparison,
      questionsOnly,
      directory: dataDirectory,
      workDirectory,
      pretrained: pretrained && (await filesOf(pretrained, store)),
    },
    services: {
      obtain: ({ file, split }) =>
        obtainFiles(file, split, {
          directory: dataDirectory,
          store,
          openHub: (repository, revision) => openHub('dataset', repository, revision, hub),
          workDirectory,
          signal,
        }),
      runPrograms: (programs) => sandbox.run(programs, { signal }),
    },
    megabytes: mostMegabytes,
    onProgress,
    signal,
  });
  const put = async ({ path, count }: LinesFile): Promise<DataSetRef> => ({
    ...(await store.putFile(path)),
    count,
    ...versionField(formats.dataSet),
  });
  return {
    train: await put(prepared.train),
    validation: await put(prepared.validation),
    test: await put(prepared.test),
    tokenizer: pretrained?.tokenizer ?? (await store.putJson(required(prepared.tokenizer, 'the trained tokenizer'))),
    vocabularySize: prepared.vocabularySize,
    endTokens: prepared.endTokens,
    padToken: prepared.padToken,
    format: data.cot,
    answerKind: prepared.answerKind,
    files: prepared.files,
    dropped: prepared.dropped,
    ...(prepared.warnings.length > 0 ? { warnings: prepared.warnings } : {}),
    ...(pretrained ? { tokenizerFiles: pretrained.otherFiles } : {}),
    longestPrompt: prepared.longestPrompt,
    longestAnswer: prepared.longestAnswer,
  };
}

async function filesOf(pretrained: PretrainedTokenizer, store: Store): Promise<PretrainedFiles> {
  const otherFiles = new Map<string, Uint8Array>();
  for (const [name, file] of Object.entries(pretrained.otherFiles)) otherFiles.set(name, await store.getBytes(file));
  const { endTokens, padToken } = pretrained;
  return { tokenizer: await store.getBytes(pretrained.tokenizer), otherFiles, endTokens, padToken };
}
