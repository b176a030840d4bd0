/** The activity `addSamples`: what offline self-training trains on, annotated answers and right samples together. */

import { loadTokenizer } from './data/tokenizer/loadTokenizer.js';
import type { DataSetRef, Example } from './data/types.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { at, required } from './invariant.js';
import type { ObjectRef, Store } from './store/types.js';
import { readExamples, readScored } from './trainingSteps.js';

/** Adds right samples to the annotated answers: what offline self-training trains on. */
export interface AddSamplesInput {
  readonly train: DataSetRef;
  /** Scored objects; all samples of a question are in one of them. */
  readonly scored: readonly ObjectRef[];
  readonly keepPerQuestion: number;
  readonly tokenizer: ObjectRef;
  readonly endTokens: readonly number[];
  readonly padToken: number;
}

export interface AddSamplesResult {
  /** The annotated examples, then the samples as further examples. */
  readonly train: DataSetRef;
  readonly added: number;
}

/**
 * Of each question the first right samples with texts that neither an earlier one nor its annotated answer has. A truncated
 * sample would teach not to end, so it is never kept.
 */
export function createAddSamples({ store }: { readonly store: Store }) {
  return (input: AddSamplesInput): Promise<AddSamplesResult> =>
    heartbeatWhile('shards', async (report, signal) => {
      const tokenizer = loadTokenizer(await store.getJson(input.tokenizer), input);
      const annotated = await readExamples(store, input.train);
      const added: Example[] = [];
      const texts = new Map<number, Set<string>>();
      // Shard by shard: at 100 samples a question all of them may be more than memory holds.
      for (const [index, shard] of input.scored.entries()) {
        signal.throwIfAborted();
        for (const { example: question, text, tokens, correct, truncated } of await readScored(store, [shard])) {
          if (!correct || truncated) continue;
          const example = at(annotated, question);
          const answer = required(example.answerTokens, 'the annotated answer of a training question');
          const known = texts.get(question) ?? new Set([tokenizer.decode(answer)]);
          texts.set(question, known);
          if (known.has(text) || known.size > input.keepPerQuestion) continue;
          known.add(text);
          added.push({ ...example, id: `${example.id} sample ${known.size - 1}`, answer: text, answerTokens: tokens });
        }
        report(index + 1, input.scored.length);
      }
      const examples = [...annotated, ...added];
      return { train: { ...(await store.putLines(examples)), count: examples.length }, added: added.length };
    });
}
