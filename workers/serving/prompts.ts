/** What a model is given: a conversation as it was trained to be asked, or a text as it is. */
import { encodeChat, readTurn } from '../../activities/data/chat.js';
import { answerStart, promptText } from '../../activities/data/format.js';
import type { Message } from '../../activities/data/types.js';
import { InvalidData } from '../../activities/errors.js';
import { at } from '../../activities/invariant.js';
import type { ServedModel } from './openModel.js';

export interface Prompt {
  readonly tokens: readonly number[];
  /** What the answer begins with that the model is given: a program's first line. */
  readonly begun: string;
}

/** @throws InvalidData where the model cannot be asked so */
export function promptOfChat({ style, tokenizer }: ServedModel, messages: readonly Message[]): Prompt {
  if (style === undefined)
    throw new InvalidData(
      'nothing tells how this model is asked: it has no chat template, and is no run’s (see --prompt)',
    );
  const { chat } = style;
  const question = at(messages, -1).content;
  const begun = answerStart(question, style);
  if (chat !== undefined)
    return { tokens: encodeChat({ messages, start: begun }, chat, readTurn(chat), tokenizer).promptTokens, begun };
  if (messages.length !== 1 || messages[0]?.role !== 'user')
    throw new InvalidData('this model has no chat template: allowed is one message, of the role user');
  return { tokens: tokenizer.encode(promptText(question, style)), begun };
}

export function promptOfText({ tokenizer }: ServedModel, text: string): Prompt {
  return { tokens: tokenizer.encode(text), begun: '' };
}
