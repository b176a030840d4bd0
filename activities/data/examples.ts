/** Turns questions into the lines of a data-set object: prompts and answers with their tokens, so nothing is encoded later. */
import { InvalidData } from '../errors.js';
import { at } from '../invariant.js';
import { encodeChat, readTurn } from './chat.js';
import { answerStart, type PromptStyle, promptText } from './format.js';
import type { Question } from './questions.js';
import { bounded, type Tokenizer } from './tokenizer/loadTokenizer.js';
import type { Example } from './types.js';

/** Examples of all questions, in order, made as they are asked for. */
export function* toExamples(
  questions: Iterable<Question>,
  style: PromptStyle,
  tokenizer: Tokenizer,
): Generator<Example> {
  const encode = encoderOf(style, tokenizer);
  for (const some of inGroups(questions))
    yield* bounded(lengthOf(some), () => some.map((question) => toExample(question, encode)));
}

/** Questions that are encoded together. */
const groupSize = 32;

function* inGroups(questions: Iterable<Question>): Generator<readonly Question[]> {
  let group: Question[] = [];
  for (const question of questions) {
    group.push(question);
    if (group.length < groupSize) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function lengthOf(questions: readonly Question[]): number {
  return questions.reduce((total, { question, answer = '' }) => total + question.length + answer.length, 0);
}

type Encoded = Pick<Example, 'prompt' | 'promptTokens' | 'answerTokens'>;

/**
 * In plain text prompt and answer are encoded apart, as in generation, where the model continues the prompt's last token: no token ever
 * spans the boundary. Answer tokens end with an end token.
 */
function encoderOf(style: PromptStyle, tokenizer: Tokenizer): (asked: Question) => Encoded {
  const { chat } = style;
  if (chat === undefined)
    return ({ question, answer }) => {
      const prompt = promptText(question, style);
      const promptTokens = tokenizer.encode(prompt);
      if (answer === undefined) return { prompt, promptTokens };
      return { prompt, promptTokens, answerTokens: [...tokenizer.encode(answer), at(tokenizer.endTokens, 0)] };
    };
  const turn = readTurn(chat);
  return ({ question, messages, answer }) => {
    const conversation = messages ?? [{ role: 'user', content: question.trim() }];
    const asked = { messages: conversation, start: answerStart(question, style), answer };
    const { answerTokens, ...encoded } = encodeChat(asked, chat, turn, tokenizer);
    return answer === undefined ? encoded : { ...encoded, answerTokens };
  };
}

/** @throws InvalidData when a prompt has no tokens: nothing can be trained on it or sampled for it. */
function toExample(asked: Question, encode: (asked: Question) => Encoded): Example {
  const { id, question, messages, answer, answerValue, columns } = asked;
  const { prompt, promptTokens, answerTokens } = encode(asked);
  if (promptTokens.length === 0) throw new InvalidData(`question ${id}: its prompt has no tokens`);
  return {
    id,
    question,
    ...(messages === undefined ? {} : { messages }),
    prompt,
    promptTokens,
    ...(answer === undefined || answerTokens === undefined ? {} : { answer, answerTokens }),
    answerValue,
    ...(columns === undefined ? {} : { columns }),
  };
}
