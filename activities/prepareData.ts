/**
 * The activity `prepareData`: from a specification's data part to tokenised data sets and a tokenizer in the store. The same
 * specification and seed give the same objects, so a retry writes nothing new.
 */

import type { DataSpec } from '../workflows/config/data.js';
import { endTokensOfChat } from './data/chat.js';
import { toExamples } from './data/examples.js';
import { type Chat, type PromptStyle, promptText, templatePieces } from './data/format.js';
import type { Question } from './data/questions.js';
import { loadQuestions } from './data/sets/index.js';
import { loadTokenizer, type Tokenizer } from './data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from './data/tokenizer/trainTokenizer.js';
import type { DataSetRef, Example, PreparedData, PretrainedTokenizer } from './data/types.js';
import { heartbeatWhile, type ReportProgress } from './heartbeatWhile.js';
import { readChatTemplate } from './pretrained/chatTemplate.js';
import type { Comparison } from './rewards/compareAnswers.js';
import type { SandboxPool } from './rewards/sandbox/pool.js';
import type { ObjectRef, Store } from './store/types.js';

export interface PrepareDataInput {
  readonly data: DataSpec;
  readonly seed: number;
  /** The reward's, where it has one of its own: annotated answers are read by it. */
  readonly comparison?: Comparison;
  /** A pretrained model's; left out, a tokenizer is trained on the training questions. */
  readonly tokenizer?: PretrainedTokenizer;
}

export interface PrepareDataSettings {
  readonly store: Store;
  /** Runs annotated programs that have to be proved right. */
  readonly sandbox: Pick<SandboxPool, 'run'>;
  /** The folder of published data sets (`REFT_DATA_DIR`); generated problems need none. */
  readonly dataDirectory: string | undefined;
}

/**
 * The activity over a store. A pretrained model brings its own tokenizer; otherwise one is trained, and sees the training split
 * only: words it has not seen become `<unk>` at word level.
 *
 * @throws InvalidData when a data set is missing or unusable, InvalidSpec when the specification asks too much of it, InvalidModel
 * when the model has no chat template that a chat could follow.
 */
export function createPrepareData(settings: PrepareDataSettings) {
  return (input: PrepareDataInput): Promise<PreparedData> =>
    heartbeatWhile('questions', (report, signal) => prepare(input, settings, report, signal));
}

async function prepare(
  { data, seed, comparison, tokenizer: pretrained }: PrepareDataInput,
  { store, sandbox, dataDirectory }: PrepareDataSettings,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<PreparedData> {
  const questions = await loadQuestions({ data, seed, comparison, directory: dataDirectory, store, sandbox, signal });
  const plain: PromptStyle = { format: data.cot, docstring: data.docstring };
  const chat = data.promptFormat === 'chat' ? await chatOf(pretrained, store) : undefined;
  const style = chat ? { ...plain, chat } : plain;
  const { tokenizer, stored } = pretrained
    ? { tokenizer: await tokenizerOf(pretrained, chat, store), stored: pretrained.tokenizer }
    : await trainedTokenizer(questions.train, data, store);

  const total = questions.train.length + questions.validation.length + questions.test.length;
  const tokenise = (set: readonly Question[], before: number): Promise<Example[]> =>
    toExamples(set, style, tokenizer, (done) => {
      signal.throwIfAborted();
      report(before + done, total);
    });
  const train = await tokenise(questions.train, 0);
  const validation = await tokenise(questions.validation, train.length);
  const test = await tokenise(questions.test, train.length + validation.length);

  const write = async (set: readonly Example[]): Promise<DataSetRef> => ({
    ...(await store.putLines(set)),
    count: set.length,
  });
  const all = [...train, ...validation, ...test];
  return {
    train: await write(train),
    validation: await write(validation),
    test: await write(test),
    tokenizer: stored,
    vocabularySize: tokenizer.vocabularySize,
    endTokens: tokenizer.endTokens,
    padToken: tokenizer.padToken,
    format: data.cot,
    answerKind: questions.answerKind,
    files: questions.files,
    dropped: questions.dropped,
    ...(pretrained ? { tokenizerFiles: pretrained.otherFiles } : {}),
    longestPrompt: longest(all.map((example) => example.promptTokens)),
    longestAnswer: longest(all.flatMap(({ answerTokens }) => (answerTokens === undefined ? [] : [answerTokens]))),
  };
}

async function chatOf(pretrained: PrepareDataInput['tokenizer'], store: Store): Promise<Chat> {
  const files = new Map<string, Uint8Array>();
  for (const [name, file] of Object.entries(pretrained?.otherFiles ?? {})) files.set(name, await store.getBytes(file));
  return readChatTemplate(files);
}

/** A pretrained model's tokenizer. In a chat an answer ends as the template ends a turn. */
async function tokenizerOf(pretrained: PretrainedTokenizer, chat: Chat | undefined, store: Store): Promise<Tokenizer> {
  const json = await store.getJson(pretrained.tokenizer);
  const tokenizer = loadTokenizer(json, pretrained);
  if (chat === undefined) return tokenizer;
  return loadTokenizer(json, { ...pretrained, endTokens: endTokensOfChat(chat, tokenizer) });
}

async function trainedTokenizer(
  training: readonly Question[],
  data: PrepareDataInput['data'],
  store: Store,
): Promise<{ readonly tokenizer: Tokenizer; readonly stored: ObjectRef }> {
  const style = { format: data.cot, docstring: data.docstring };
  const texts = training.flatMap(({ question, answer = '' }) => [promptText(question, style), answer]);
  const json = trainTokenizer(texts, { ...data.tokenizer, templates: templatePieces });
  return { tokenizer: loadTokenizer(json), stored: await store.putJson(json) };
}

function longest(lists: readonly (readonly unknown[])[]): number {
  return lists.reduce((most, list) => Math.max(most, list.length), 0);
}
