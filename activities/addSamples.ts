/** The activity `addSamples`: what offline self-training trains on, annotated answers and right samples together. */

import { join } from 'node:path';
import { writeLines } from './data/spool.js';
import { loadTokenizer } from './data/tokenizer/loadTokenizer.js';
import type { DataSetRef } from './data/types.js';
import { exampleAt, examplesAt, readExamples } from './examples.js';
import { formats, versionField } from './formats.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { required } from './invariant.js';
import type { ObjectRef } from './store/types.js';
import { type EngineDependencies, readScored, withOutputDirectory } from './trainingSteps.js';

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
export function createAddSamples({ store, workDirectory }: Pick<EngineDependencies, 'store' | 'workDirectory'>) {
  return (input: AddSamplesInput): Promise<AddSamplesResult> =>
    heartbeatWhile('shards', async (report, signal) => {
      const tokenizer = loadTokenizer(await store.getJson(input.tokenizer), input);
      const annotated = await readExamples(store, input.train);
      return withOutputDirectory(workDirectory, async (directory) => {
        const path = join(directory, 'train.jsonl');
        const lines = writeLines(path);
        for await (const example of examplesAt(annotated)) lines.write(example);
        let added = 0;
        // Shard by shard: at 100 samples a question all of them may be more than memory holds.
        for (const [index, shard] of input.scored.entries()) {
          signal.throwIfAborted();
          const texts = new Map<number, Set<string>>();
          for (const { example: question, text, tokens, correct, truncated } of await readScored(store, [shard])) {
            if (!correct || truncated) continue;
            const example = exampleAt(annotated, question);
            const answer = required(example.answerTokens, 'the annotated answer of a training question');
            const known = texts.get(question) ?? new Set([tokenizer.decode(answer)]);
            texts.set(question, known);
            if (known.has(text) || known.size > input.keepPerQuestion) continue;
            known.add(text);
            const id = `${example.id} sample ${known.size - 1}`;
            lines.write({ ...example, id, answer: text, answerTokens: tokens });
            added += 1;
          }
          report(index + 1, input.scored.length);
        }
        lines.close();
        const count = annotated.length + added;
        return { train: { ...(await store.putFile(path)), count, ...versionField(formats.dataSet) }, added };
      });
    });
}
