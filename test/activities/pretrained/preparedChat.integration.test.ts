/** The activity `prepareData` with a chat template: what its prompts and answers are. */
import { describe, expect, it } from 'vitest';
import { trainTokenizer } from '../../../activities/data/tokenizer/trainTokenizer.js';
import type { Example } from '../../../activities/data/types.js';
import { createPrepareData } from '../../../activities/prepareData.js';
import type { ObjectRef } from '../../../activities/store/types.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { createMemoryStore } from '../data/memoryStore.js';
import { noHub, noSandbox, workDirectory } from '../data/sourceAccess.js';
import { chatMl } from './chatMl.js';

describe('prepareData with promptFormat chat', () => {
  const data = dataSchema.parse({ source: 'generated', train: 5, test: 5, validation: 2, promptFormat: 'chat' });

  const prepare = async (tokenizerConfig: object, cot: 'program' | 'natural', added: readonly object[] = []) => {
    const store = createMemoryStore();
    const json = trainTokenizer(['<|im_start|>'], {
      kind: 'bytePair',
      vocabularySize: 300,
      templates: ['<|im_start|>'],
    });
    const otherFiles: Record<string, ObjectRef> = { 'tokenizer_config.json': await store.putJson(tokenizerConfig) };
    const tokenizer = {
      tokenizer: await store.putJson({ ...json, added_tokens: [...json.added_tokens, ...added] }),
      otherFiles,
      vocabularySize: 260,
      endTokens: [1],
      padToken: 0,
    };
    const prepared = await createPrepareData({
      store,
      sandbox: noSandbox,
      dataDirectory: undefined,
      workDirectory,
      hub: noHub,
    })({
      data: { ...data, cot, docstring: false },
      seed: 0,
      tokenizer,
    });
    const special = json.added_tokens.length;
    const { endTokens } = prepared;
    return { examples: (await store.getLines(prepared.train)) as Example[], special, endTokens };
  };

  it('puts questions to the user and lets programs begin the answer', async () => {
    const { examples } = await prepare({ chat_template: chatMl }, 'program');
    for (const { prompt, question, answer } of examples) {
      expect(prompt).toBe(`<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\ndef solution():\n`);
      expect(answer).toMatch(/^ {4}\S/);
    }
    const natural = await prepare({ chat_template: chatMl }, 'natural');
    expect(natural.examples[0]?.prompt).toMatch(/<\|im_start\|>assistant\n$/);
    // The template's marks are the tokenizer's special tokens, not spelt out.
    expect(natural.examples[0]?.promptTokens.filter((token) => token < natural.special)).toHaveLength(2);
  });

  it('ends answers as the template ends a turn, whatever the model lists', async () => {
    const turnEnd = { id: 259, content: '<|im_end|>', special: true };
    const { examples, endTokens } = await prepare({ chat_template: chatMl }, 'natural', [turnEnd]);
    expect(endTokens).toEqual([259, 1]);
    for (const { answerTokens } of examples) expect(answerTokens?.indexOf(259)).toBe((answerTokens?.length ?? 0) - 1);
  });

  it('needs a model with a template', async () => {
    await expect(prepare({}, 'program')).rejects.toMatchObject({
      name: 'InvalidModel',
      message: expect.stringContaining('no chat template'),
    });
  });
});
