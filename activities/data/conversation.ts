/** Conversations: what a model is asked as a list of messages, as chat models are trained on. */
import { isRow } from './rows/rowForm.js';
import type { Message } from './types.js';

/** More turns than any data set has; each is bounded as a text of a row. */
const mostMessages = 1_000;

export type MessagesReading = { readonly messages: readonly Message[] } | { readonly problem: string };

/** Whether a value is a list of records, as messages are. */
export function isMessageList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRow);
}

/** Messages of a row: `{role, content}`, the content a text or a list of parts that are texts. */
export function readMessages(list: readonly unknown[]): MessagesReading {
  if (list.length > mostMessages) return { problem: `conversation has more than ${mostMessages} messages` };
  const messages: Message[] = [];
  for (const message of list) {
    if (!isRow(message) || typeof message.role !== 'string' || message.role.trim() === '')
      return { problem: 'message has no role' };
    const content = contentOf(message.content);
    if (content === null)
      return { problem: `message of role ${message.role.slice(0, 20)} has no content that is text` };
    messages.push({ role: message.role, content });
  }
  return { messages };
}

function contentOf(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content) || content.length === 0) return null;
  const texts = content.map((part) => (isRow(part) && part.type === 'text' ? part.text : null));
  return texts.every((text) => typeof text === 'string') ? texts.join('') : null;
}

/** A conversation as one text, for people and for comparison: a single message is its content. */
export function textOfMessages(messages: readonly Message[]): string {
  const [only] = messages;
  if (messages.length === 1 && only !== undefined) return only.content;
  return messages.map(({ role, content }) => `${role}: ${content}`).join('\n');
}
