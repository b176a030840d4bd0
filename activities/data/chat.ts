/**
 * Questions put through a model's chat template, with the tokens that transformers gives them. The annotated answer is the assistant's
 * turn: trained on is what follows the prompt, up to and with the token that ends the turn. What data bring is never read for
 * control tokens, not even in a message's role.
 */
import { at } from '../invariant.js';
import type { Chat } from './format.js';
import { lengthToEnd, type Tokenizer } from './tokenizer/loadTokenizer.js';
import type { Message } from './types.js';

/** What a template writes around the assistant's words. */
export interface Turn {
  /** Between where the turn begins and the words: nothing, with some templates a space, or an empty train of thought. */
  readonly before: string;
  readonly behind: string;
}

/** Tries the template with an answer that says what no template does. One that writes a conversation otherwise once it is answered has no turn. */
export function readTurn(chat: Chat): Turn {
  const asked: readonly Message[] = [{ role: 'user', content: 'x' }];
  const words = 'zqjx';
  const begun = chat(asked);
  const whole = chat([...asked, { role: 'assistant', content: words }]);
  const place = whole.indexOf(words, begun.length);
  if (!whole.startsWith(begun) || place < 0) return { before: '', behind: '' };
  return { before: whole.slice(begun.length, place), behind: whole.slice(place + words.length) };
}

/**
 * The end tokens of a model that answers in a template's turns: first the token that the template ends a turn with, which some models
 * do not list, then the model's own.
 */
export function endTokensOfChat(chat: Chat, tokenizer: Tokenizer): readonly number[] {
  const { behind } = readTurn(chat);
  const end = tokenizer.encodeRendered([], () => behind).tokens.find(tokenizer.isControl);
  return end === undefined ? tokenizer.endTokens : [...new Set([end, ...tokenizer.endTokens])];
}

/** The text of a prompt: the conversation, and `start` of the answer where the model is given that. */
export function chatPrompt(messages: readonly Message[], start: string, chat: Chat, { before }: Turn): string {
  return chat(messages) + (start === '' ? '' : before + start);
}

/** A question in a chat: the conversation up to its answer, what the answer begins with that the model is given, and the answer. */
export interface AskedInChat {
  readonly messages: readonly Message[];
  readonly start: string;
  readonly answer?: string | undefined;
}

export interface EncodedChat {
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  /** Empty where there is no answer. */
  readonly answerTokens: readonly number[];
}

/**
 * The tokens of a prompt and of the annotated answer behind it. Together they are those of the whole conversation; but where a token
 * would reach over their border, or the template writes a conversation otherwise once it is answered, the answer is encoded by itself,
 * as in generation, where the model continues the prompt's last token.
 */
export function encodeChat(
  { messages, start, answer }: AskedInChat,
  chat: Chat,
  turn: Turn,
  tokenizer: Tokenizer,
): EncodedChat {
  const written = messages.flatMap(({ role, content }) => [role, content]);
  const rendered = (words: string, write: (messages: readonly Message[], words: string) => string) =>
    tokenizer.encodeRendered([...written, words], (texts) =>
      write(
        messages.map((_, index) => ({ role: at(texts, 2 * index), content: at(texts, 2 * index + 1) })),
        at(texts, -1),
      ),
    );
  const begun = rendered(start, (asked, words) => chatPrompt(asked, words, chat, turn));
  const prompt = { prompt: begun.text, promptTokens: begun.tokens };
  if (answer === undefined) return { ...prompt, answerTokens: [] };
  const { endTokens } = tokenizer;
  const whole = rendered(start + answer, (asked, words) => chat([...asked, { role: 'assistant', content: words }]));
  const said = whole.tokens.slice(begun.tokens.length);
  const length = lengthToEnd(said, endTokens);
  const continues =
    whole.text.startsWith(begun.text) && begun.tokens.every((token, index) => whole.tokens[index] === token);
  if (continues && length > 0 && endTokens.includes(at(said, length - 1)))
    return { ...prompt, answerTokens: said.slice(0, length) };
  return { ...prompt, answerTokens: [...tokenizer.encode(answer), at(endTokens, 0)] };
}
