/** Conversations: what a model is asked as a list of messages, as chat models are trained on. */
import { parseForeignJson } from '../foreignJson.js';
import { isRow } from './rows/rowForm.js';
import type { Message } from './types.js';

/** More turns than any data set has; each is bounded as a text of a row. */
const mostMessages = 1_000;

export type MessagesReading = { readonly messages: readonly Message[] } | { readonly problem: string };

/** Whether a value is a list of records, as messages are. */
export function isMessageList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRow);
}

/** A list of messages that a value is, or is the JSON text of, as in a column of CSV; undefined where it is neither. */
export function messageListOf(value: unknown): readonly unknown[] | undefined {
  if (isMessageList(value)) return value;
  if (typeof value !== 'string' || !/^\s*\[\s*\{\s*"(role|from|content|value)"/.test(value)) return undefined;
  const read = parseForeignJson(value);
  return 'value' in read && isMessageList(read.value) ? read.value : undefined;
}

/** Roles of the older form `{from, value}`. */
const olderRoles: Readonly<Record<string, string>> = { human: 'user', gpt: 'assistant' };

/** Messages of a row: `{role, content}`, the content a text or a list of parts that are texts; or the older `{from, value}`. */
export function readMessages(list: readonly unknown[]): MessagesReading {
  if (list.length > mostMessages) return { problem: `conversation has more than ${mostMessages} messages` };
  const messages: Message[] = [];
  for (const message of list) {
    const { role: given, from, content: said, value, tool_calls, function_call } = isRow(message) ? message : {};
    const older = typeof from === 'string' ? (olderRoles[from] ?? from) : undefined;
    const role = given ?? older;
    if (typeof role !== 'string' || role.trim() === '') return { problem: 'message has no role' };
    const named = `message of role ${role.slice(0, 20)}`;
    // A template would write the call from it; without, it would show a conversation that never was.
    if ((Array.isArray(tool_calls) && tool_calls.length > 0) || isRow(function_call))
      return { problem: `${named} calls a tool, which is not supported` };
    const content = contentOf(said ?? (given === undefined ? value : undefined));
    if (content === null) return { problem: `${named} has no content that is text` };
    messages.push({ role, content });
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
