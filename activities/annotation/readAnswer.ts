/**
 * From what a chat model writes to an answer in the paper's form: the body of `solution()`, or a chain of thought that ends in the value.
 * What stands around it, greetings and fences, goes; what it says stays. Pure.
 */
import { naturalAnswer } from '../data/format.js';
import { programBody } from '../data/programBody.js';
import type { AnswerFormat } from '../rewards/answerFormat.js';

/** Null where there is nothing of that form in the text. */
export function readAnswer(text: string, format: AnswerFormat): string | null {
  const said = withoutThoughts(text).replaceAll('\r\n', '\n').trim();
  if (said === '') return null;
  return format === 'program' ? programIn(said) : chainIn(said);
}

/** Reasoning models think aloud first. What has no end is no answer. */
function withoutThoughts(text: string): string {
  if (!/^\s*<think>/.test(text)) return text;
  const end = text.indexOf('</think>');
  return end < 0 ? '' : text.slice(end + '</think>'.length);
}

/** The last fenced block with a function, or else the text from its first function on. */
function programIn(text: string): string | null {
  const blocks = [...text.matchAll(/^```[\w+-]*[ \t]*\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);
  const candidates = [...blocks.reverse(), text.slice(Math.max(0, text.search(/^(?:def|import|from)\s/m)))];
  for (const candidate of candidates) {
    const body = programBody(candidate.trim());
    if (body !== null) return body;
  }
  return null;
}

/** The paper's last line in whatever words: `So the answer is **5**.` */
const lastLine =
  /(?:^|[\n.!?:]\s*)(?:\*\*)?(?:(?:therefore|so|thus|hence),?\s+)?the (?:final |correct )?answer is:?[ \t]*([^\n]+?)\s*$/i;

function chainIn(text: string): string {
  const found = lastLine.exec(text);
  const [all = '', value = ''] = found ?? [];
  if (found === null) return text;
  // A stop before the last sentence belongs to the chain.
  const chain = text.slice(0, found.index) + (/^[.!?:]/.exec(all)?.[0] ?? '');
  const bare = value
    .replace(/\*\*|\.$/g, '')
    .replace(/^<(.*)>$/, '$1')
    .replace(/^\$(?=\d)/, '')
    .trim();
  return chain.trim() === '' || bare === '' ? text : naturalAnswer(chain, bare);
}
