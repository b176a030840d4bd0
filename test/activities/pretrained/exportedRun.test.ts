/**
 * A run's exported folder (`reft export <id> <folder>`, named by `REFT_EXPORTED`): transformers.js, and transformers where
 * `REFT_PEER_PYTHON` has it, answer the run's test questions with the very text that the run answered them with.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chatPrompt, readTurn } from '../../../activities/data/chat.js';
import { answerStart, promptText } from '../../../activities/data/format.js';
import { readChatTemplate } from '../../../activities/pretrained/chatTemplate.js';
import { otherTokenizerFiles } from '../../../activities/pretrained/obtainModel.js';
import { type AnsweredQuestion, spread } from '../../../activities/report/answers.js';
import type { Spec } from '../../../workflows/config/spec.js';
import { goOnInPython, peerPython } from './peer.js';
import { askTransformersJs } from './transformersJs.js';

const folder = process.env.REFT_EXPORTED ?? '';

describe.skipIf(folder === '')('an exported run (REFT_EXPORTED)', () => {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  /** Beside tokenizer.json, by name. */
  const tokenizerFiles = (): ReadonlyMap<string, Uint8Array> =>
    new Map(
      otherTokenizerFiles
        .filter((name) => existsSync(join(folder, 'model', name)))
        .map((name) => [name, readFileSync(join(folder, 'model', name))]),
    );
  const run = () => {
    const { spec }: { spec: Spec } = JSON.parse(read('result.json'));
    const lines = read('samples.jsonl').trimEnd().split('\n');
    // Samples, and other models' answers, come after the final model's greedy ones.
    const all = lines.map((line): AnsweredQuestion & { readonly model?: string; readonly sample?: number } =>
      JSON.parse(line),
    );
    const answered = spread(
      all.filter(({ model, sample }) => model === all[0]?.model && sample === undefined),
      6,
    );
    const plain = { format: spec.data.cot, docstring: spec.data.docstring };
    const promptOf = (question: string): string => {
      if (spec.data.promptFormat === 'plain') return promptText(question, plain);
      const chat = readChatTemplate(tokenizerFiles());
      const messages = [{ role: 'user', content: question.trim() }];
      return chatPrompt(messages, answerStart(question, plain), chat, readTurn(chat));
    };
    return {
      spec,
      prompts: answered.map(({ question }) => promptOf(question)),
      answers: answered.map(({ answer }) => answer),
      tokens: spec.generation.maxAnswerTokens,
    };
  };

  it('gives its answers in transformers.js', async () => {
    const { prompts, answers, tokens } = run();
    const texts: string[] = [];
    for (const prompt of prompts) texts.push(...(await askTransformersJs(folder, 'model', [prompt], tokens)).texts);
    console.log(`transformers.js:\n${prompts[0]}${texts[0]}`);
    expect(texts).toEqual(answers);
  }, 300_000);

  it.skipIf(peerPython === undefined)(
    'gives its answers in transformers',
    async () => {
      const { prompts, answers, tokens } = run();
      const texts = await goOnInPython({ folder: join(folder, 'model'), texts: prompts, tokens });
      console.log(`transformers:\n${prompts[0]}${texts[0]}`);
      expect(texts).toEqual(answers);
    },
    300_000,
  );

  it.skipIf(peerPython === undefined || !existsSync(join(folder, 'adapter')))(
    'gives its answers in PEFT, on the model it started from',
    async () => {
      const { spec, prompts, answers, tokens } = run();
      if (!('from' in spec.model)) throw new Error('a run from scratch has no base model');
      const { base_model_name_or_path: name, revision } = JSON.parse(read('adapter/adapter_config.json'));
      const base: string = name ?? spec.model.from;
      const texts = await goOnInPython({
        folder: base,
        ...(revision ? { revision } : {}),
        adapter: join(folder, 'adapter'),
        texts: prompts,
        tokens,
      });
      console.log(`PEFT on ${base}:\n${prompts[0]}${texts[0]}`);
      expect(texts).toEqual(answers);
    },
    300_000,
  );
});
