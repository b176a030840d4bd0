/** Turns questions into the lines of a data-set object: prompts and answers with their tokens, so nothing is encoded later. */
import { setImmediate } from 'node:timers/promises';
import { InvalidData } from '../errors.js';
import { at } from '../invariant.js';
import { type PromptStyle, promptText } from './format.js';
import type { Question } from './questions.js';
import type { Tokenizer } from './tokenizer/loadTokenizer.js';
import type { Example } from './types.js';

/** Examples of all questions, in order. Lets other work through now and then, and calls `onProgress` with how many are done. */
export async function toExamples(
  questions: readonly Question[],
  style: PromptStyle,
  tokenizer: Tokenizer,
  onProgress: (done: number) => void,
): Promise<Example[]> {
  const examples: Example[] = [];
  for (const question of questions) {
    examples.push(toExample(question, style, tokenizer));
    if (examples.length % 200 === 0) {
      onProgress(examples.length);
      await setImmediate();
    }
  }
  return examples;
}

/**
 * Prompt and answer are encoded apart, as in generation, where the model continues the prompt's last token: no token ever
 * spans the boundary. Answer tokens end with EOS.
 * @throws InvalidData when a prompt has no tokens: nothing can be trained on it or sampled for it.
 */
function toExample({ id, question, answer, answerValue }: Question, style: PromptStyle, tokenizer: Tokenizer): Example {
  const prompt = promptText(question, style);
  const promptTokens = tokenizer.encode(prompt);
  if (promptTokens.length === 0) throw new InvalidData(`question ${id}: its prompt has no tokens`);
  return {
    id,
    question,
    prompt,
    promptTokens,
    ...(answer === undefined
      ? {}
      : { answer, answerTokens: [...tokenizer.encode(answer), at(tokenizer.endTokens, 0)] }),
    answerValue,
  };
}
