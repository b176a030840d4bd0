/**
 * The inside of the activity `prepareData`, in a thread of its own: reading and comparing a million questions, training a tokenizer and
 * encoding take minutes, in which a worker must heartbeat. Questions lie on the disk; what is in memory does not grow with their texts.
 */
import { join } from 'node:path';
import type { DataFileSpec, DataSpec } from '../workflows/config/data.js';
import { endTokensOfChat } from './data/chat.js';
import { toExamples } from './data/examples.js';
import type { ObtainedFile, Split } from './data/files/fileAccess.js';
import { type Chat, type PromptStyle, promptText, templatePieces } from './data/format.js';
import type { Question, QuestionSets } from './data/questions.js';
import { loadQuestions } from './data/sets/index.js';
import { type Sequence, writeLines } from './data/spool.js';
import { serveThread } from './data/thread/serveThread.js';
import { loadTokenizer, type Tokenizer } from './data/tokenizer/loadTokenizer.js';
import type { SpecialTokens } from './data/tokenizer/tokenizerFile.js';
import type { TokenizerJson } from './data/tokenizer/tokenizerJson.js';
import { trainTokenizer } from './data/tokenizer/trainTokenizer.js';
import type { PreparedData } from './data/types.js';
import { readChatTemplate } from './pretrained/chatTemplate.js';
import { parseModelFile } from './pretrained/modelFile.js';
import type { Comparison } from './rewards/compareAnswers.js';
import type { ProgramOutcome } from './rewards/sandbox/outcome.js';

export interface PrepareInThread {
  readonly data: DataSpec;
  readonly seed: number;
  readonly comparison: Comparison | undefined;
  readonly questionsOnly: boolean | undefined;
  readonly directory: string | undefined;
  readonly workDirectory: string;
  /** A pretrained model's: its tokenizer.json and the files beside it. */
  readonly pretrained: PretrainedFiles | undefined;
}

export interface PretrainedFiles extends SpecialTokens {
  readonly tokenizer: Uint8Array;
  readonly otherFiles: ReadonlyMap<string, Uint8Array>;
}

/** What only the worker's own thread has. */
export type PrepareServices = {
  readonly obtain: (input: { readonly file: DataFileSpec; readonly split: Split }) => Promise<readonly ObtainedFile[]>;
  readonly runPrograms: (programs: readonly string[]) => Promise<readonly ProgramOutcome[]>;
};

/** A data set's lines, in a file of the work directory. */
export interface LinesFile {
  readonly path: string;
  readonly count: number;
}

export interface PreparedInThread
  extends Pick<
    PreparedData,
    'vocabularySize' | 'endTokens' | 'padToken' | 'answerKind' | 'files' | 'dropped' | 'longestPrompt' | 'longestAnswer'
  > {
  readonly train: LinesFile;
  readonly validation: LinesFile;
  readonly test: LinesFile;
  readonly warnings: readonly string[];
  /** Of a tokenizer that was trained here. */
  readonly tokenizer: TokenizerJson | undefined;
}

await serveThread<PrepareInThread, PrepareServices>(async (input, { onProgress, ask }): Promise<PreparedInThread> => {
  const { data, seed, comparison, questionsOnly, directory, workDirectory, pretrained } = input;
  const plain: PromptStyle = { format: data.cot, docstring: data.docstring };
  const chat = data.promptFormat === 'chat' ? readChatTemplate(pretrained?.otherFiles ?? new Map()) : undefined;
  const questions = await loadQuestions({
    data,
    seed,
    comparison,
    questionsOnly,
    directory,
    workDirectory,
    chat,
    obtain: (file, split) => ask('obtain', { file, split }),
    runPrograms: (programs) => ask('runPrograms', programs),
    onProgress,
  });
  const trained = pretrained
    ? undefined
    : trainTokenizer(textsOf(questions.train, plain), { ...data.tokenizer, templates: templatePieces }, (done, total) =>
        onProgress(done, total, 'merges learned'),
      );
  const tokenizer = pretrained ? tokenizerOf(pretrained, chat) : loadTokenizer(trained);
  return {
    ...encode(questions, chat ? { ...plain, chat } : plain, tokenizer, { workDirectory, onProgress }),
    tokenizer: trained,
    vocabularySize: tokenizer.vocabularySize,
    endTokens: tokenizer.endTokens,
    padToken: tokenizer.padToken,
    answerKind: questions.answerKind,
    files: questions.files,
    dropped: questions.dropped,
    warnings: questions.warnings ?? [],
  };
});

/** A pretrained model's tokenizer. In a chat an answer ends as the template ends a turn. */
function tokenizerOf(pretrained: PretrainedFiles, chat: Chat | undefined): Tokenizer {
  const json = parseModelFile('tokenizer.json', pretrained.tokenizer);
  const tokenizer = loadTokenizer(json, pretrained);
  if (chat === undefined) return tokenizer;
  return loadTokenizer(json, { ...pretrained, endTokens: endTokensOfChat(chat, tokenizer) });
}

/** What a tokenizer is trained on: prompts and answers, made anew each time they are gone through. */
function textsOf(questions: Iterable<Question>, style: PromptStyle): Iterable<string> {
  return {
    *[Symbol.iterator]() {
      for (const { question, answer = '' } of questions) {
        yield promptText(question, style);
        yield answer;
      }
    },
  };
}

type Encoded = Pick<PreparedInThread, 'train' | 'validation' | 'test' | 'longestPrompt' | 'longestAnswer'>;

/** Writes the sets' lines. */
function encode(
  { train, validation, test }: QuestionSets,
  style: PromptStyle,
  tokenizer: Tokenizer,
  { workDirectory, onProgress }: Pick<PrepareInThread, 'workDirectory'> & { onProgress: ProgressOfUnit },
): Encoded {
  const total = train.length + validation.length + test.length;
  let done = 0;
  let longestPrompt = 0;
  let longestAnswer = 0;
  const write = (name: string, questions: Sequence<Question>): LinesFile => {
    const path = join(workDirectory, `${name}.jsonl`);
    const lines = writeLines(path);
    for (const example of toExamples(questions, style, tokenizer)) {
      lines.write(example);
      longestPrompt = Math.max(longestPrompt, example.promptTokens.length);
      longestAnswer = Math.max(longestAnswer, example.answerTokens?.length ?? 0);
      done += 1;
      onProgress(done, total, 'questions encoded');
    }
    lines.close();
    return { path, count: questions.length };
  };
  const written = {
    train: write('train', train),
    validation: write('validation', validation),
    test: write('test', test),
  };
  return { ...written, longestPrompt, longestAnswer };
}

type ProgressOfUnit = (done: number, total: number, unit: string) => void;
