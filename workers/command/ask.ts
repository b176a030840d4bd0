/** `reft ask`: one question to a model: its chains of thought, what their programs compute, and the vote. */

import { vote } from '../../activities/evaluation/voting.js';
import { at } from '../../activities/invariant.js';
import type { AnswerKind } from '../../activities/rewards/answerFormat.js';
import { comparisonFor, sameAnswer } from '../../activities/rewards/compareAnswers.js';
import { extractFromProgram, extractFromText } from '../../activities/rewards/extractAnswer.js';
import { comparisonOf } from '../../workflows/config/reward.js';
import type { PromptForm } from '../names.js';
import { openSandbox } from '../openSandbox.js';
import { complete } from '../serving/complete.js';
import { openModel, type ServedModel } from '../serving/openModel.js';
import { promptOfChat } from '../serving/prompts.js';
import { UsageError } from './usageError.js';

export interface AskOptions {
  readonly samples: string;
  readonly temperature: string;
  readonly seed: string;
  readonly answers: AnswerKind;
  readonly prompt?: PromptForm;
  readonly json?: boolean;
}

interface Said {
  /** The chain of thought, of a program with its first line. */
  readonly text: string;
  /** What was read from it; null where nothing can be. */
  readonly value: number | string | null;
  readonly failure?: string;
}

const mostSamples = 128;
/** What a model that is no run's may take. */
const usualAnswerTokens = 512;

/** @returns the process's exit code: 1 when no answer could be read */
export async function ask(what: string, question: string, options: AskOptions): Promise<number> {
  const n = numberIn('--samples', options.samples, 1, mostSamples);
  const temperature = numberIn('--temperature', options.temperature, 0, 2);
  const seed = numberIn('--seed', options.seed, 0, 2 ** 32 - 1);
  const model = await openModel(what, options.prompt);
  const prompt = promptOfChat(model, [{ role: 'user', content: question }]);
  const limit = model.spec ? model.spec.generation.maxAnswerTokens : usualAnswerTokens;
  const texts = new Array<string>(n).fill('');
  await complete(
    model,
    prompt,
    { n, temperature, limit, stops: [], seed },
    ({ index, text }) => {
      texts[index] += text;
    },
    new AbortController().signal,
  );
  const said = await readAnswers(model, texts, prompt.begun, options.answers);
  const named = model.spec ? comparisonOf(model.spec.reward).comparison : undefined;
  const comparison = comparisonFor(options.answers, named);
  const candidates = said.map(({ value }) => ({ value, correct: false }));
  const votes = said
    .filter(({ value }, index) => value !== null && said.findIndex((one) => isSame(one.value, value)) === index)
    .map(({ value }) => ({ value, votes: said.filter((one) => isSame(one.value, value)).length }))
    .sort((a, b) => b.votes - a.votes);
  const winner = vote(candidates, undefined, comparison);
  const answer = winner === null ? null : winner.value;
  if (options.json) console.log(JSON.stringify({ question, samples: said, votes, answer }, null, 2));
  else for (const line of inWords(said, votes, answer)) console.log(line);
  return answer === null ? 1 : 0;

  function isSame(a: Said['value'], b: Said['value']): boolean {
    return a !== null && b !== null && sameAnswer(a, b, comparison);
  }
}

function numberIn(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  const isWhole = name === '--temperature' || Number.isInteger(value);
  if (text.trim() !== '' && isWhole && value >= least && value <= most) return value;
  throw new UsageError(`${name} is "${text}": allowed is a number from ${least} to ${most}`);
}

/** Programs run in the sandbox, as in a run. */
async function readAnswers(
  { style, spec }: ServedModel,
  texts: readonly string[],
  begun: string,
  kind: AnswerKind,
): Promise<readonly Said[]> {
  const { comparison } = spec ? comparisonOf(spec.reward) : {};
  const given = spec?.reward.name === 'answer' ? spec.reward.extraction : undefined;
  const extraction = given === 'program' ? undefined : given;
  const wholes = texts.map((text) => begun + text);
  if (style?.format !== 'program')
    return wholes.map((text) => ({ text, ...extractFromText(text, kind, { extraction, comparison }) }));
  const sandbox = openSandbox();
  try {
    const outcomes = await sandbox.run(wholes);
    return wholes.map((text, index) => ({ text, ...extractFromProgram(at(outcomes, index), kind, comparison) }));
  } finally {
    await sandbox.close();
  }
}

function* inWords(
  said: readonly Said[],
  votes: readonly { readonly value: Said['value']; readonly votes: number }[],
  answer: Said['value'],
): Generator<string> {
  for (const [index, { text, value, failure }] of said.entries()) {
    yield `--- ${index + 1} of ${said.length}`;
    yield text.trimEnd();
    yield value === null ? `=> nothing (${failure})` : `=> ${value}`;
  }
  yield '---';
  yield `Votes: ${votes.map((one) => `${one.value} (${one.votes} of ${said.length})`).join(', ') || 'none'}`;
  yield answer === null ? 'No answer can be read.' : `Answer: ${answer}`;
}
