/** Rows that are conversations, from a file to the lines that a model is trained on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Chat } from '../../../activities/data/format.js';
import type { Question, QuestionSets } from '../../../activities/data/questions.js';
import { loadQuestions } from '../../../activities/data/sets/index.js';
import { trainTokenizer } from '../../../activities/data/tokenizer/trainTokenizer.js';
import type { Example } from '../../../activities/data/types.js';
import { createPrepareData } from '../../../activities/prepareData.js';
import { readChatTemplate } from '../../../activities/pretrained/chatTemplate.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { createMemoryStore } from './memoryStore.js';
import { noHub, noSandbox, sourceAccess, workDirectory } from './sourceAccess.js';

const directory = mkdtempSync(join(tmpdir(), 'reft-chat-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** As Gemma's: no system message, and turns that alternate. */
const template =
  "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" +
  '{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}' +
  '{% if add_generation_prompt %}[assistant] {% endif %}';
const templateFile = Buffer.from(JSON.stringify({ chat_template: template }));
const chat = readChatTemplate(new Map([['tokenizer_config.json', templateFile]]));

const row = {
  messages: [
    { role: 'user', content: 'Add 2 and 3.' },
    { role: 'assistant', content: '2 + 3 = 5. The answer is 5.' },
  ],
  answer: '5',
};
const usual = [1, 2].map((number) => ({
  messages: [
    { role: 'user', content: `Add ${number} and 1.` },
    { role: 'assistant', content: 'So it is.' },
  ],
  completion: [{ role: 'assistant', content: 'So it is.' }],
  answer: number + 1,
}));
const chain = '2 + 3 = 5. The answer is 5.\nTherefore, the answer is: 5';

const dataOf = (rows: readonly object[], fields: object, more: object = {}) => {
  writeFileSync(join(directory, 'train.jsonl'), [...rows, ...usual].map((one) => JSON.stringify(one)).join('\n'));
  writeFileSync(
    join(directory, 'test.jsonl'),
    JSON.stringify({ messages: [{ role: 'user', content: 'Add 4 and 4.' }], prompt: 'Else?', answer: 8 }),
  );
  const source = { train: 'train.jsonl', test: 'test.jsonl', fields };
  return dataSchema.parse({ source, cot: 'natural', validation: 1, promptFormat: 'chat', ...more });
};
const load = (rows: readonly object[], fields: object, withChat: Chat | null = chat): Promise<QuestionSets> =>
  loadQuestions({ ...sourceAccess(directory), data: dataOf(rows, fields), seed: 1, chat: withChat ?? undefined });
const whole = { question: 'messages', value: 'answer' };
const firstOf = ({ train, validation }: QuestionSets): Question | undefined =>
  [...train, ...validation].find(({ id }) => id === 'train-1');

describe('case data-chat-rows', () => {
  it('list indices reach into messages', async () => {
    const fields = { question: 'messages.0.content', answer: 'messages.1.content', value: 'answer' };
    expect(firstOf(await load([row], fields))).toEqual({
      id: 'train-1',
      question: 'Add 2 and 3.',
      answer: chain,
      answerValue: 5,
    });
  });

  it.each(['messages.-1.content', 'messages[1].content', 'messages[-1].content', 'completion[0].content'])(
    'and from the end, and in brackets: %s',
    async (answer) => {
      const fields = { question: 'messages[0].content', answer, value: 'answer' };
      expect(firstOf(await load([{ ...row, completion: row.messages.slice(1) }], fields))).toMatchObject({
        question: 'Add 2 and 3.',
        answer: chain,
      });
    },
  );

  it.each<[string, unknown]>([
    [
      'in the older form',
      [
        { from: 'human', value: 'Add 2 and 3.' },
        { from: 'gpt', value: '2 + 3 = 5. The answer is 5.' },
      ],
    ],
    ['as JSON text, as in a column of CSV', JSON.stringify(row.messages)],
    ['with an empty list of calls', row.messages.map((one) => ({ ...one, name: null, tool_calls: [] }))],
    [
      'with its content in parts',
      row.messages.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] })),
    ],
  ])('messages %s', async (_, messages) => {
    expect(firstOf(await load([{ messages, answer: '5' }], whole))).toMatchObject({
      messages: [{ role: 'user', content: 'Add 2 and 3.' }],
      answer: chain,
    });
  });

  it('messages as a whole: the last one is the answer', async () => {
    const question = {
      id: 'train-1',
      question: 'Add 2 and 3.',
      messages: [{ role: 'user', content: 'Add 2 and 3.' }],
      answer: chain,
      answerValue: 5,
    };
    expect(firstOf(await load([row], whole))).toEqual(question);
    expect(firstOf(await load([row], { ...whole, answer: 'messages' }))).toEqual(question);
  });

  it('prompt and completion as two lists', async () => {
    const split = { messages: row.messages.slice(0, 1), completion: row.messages.slice(1), answer: '5' };
    expect(firstOf(await load([split], { ...whole, answer: 'completion' }))).toMatchObject({ answer: chain });
  });

  it('several turns go to the model as they are', async () => {
    const turns = [
      { role: 'user', content: 'Add 2 and 3.' },
      { role: 'assistant', content: '5' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'And ' },
          { type: 'text', text: '4?' },
        ],
      },
      { role: 'assistant', content: '9' },
    ];
    expect(firstOf(await load([{ messages: turns, answer: 9 }], whole))).toEqual({
      id: 'train-1',
      question: 'user: Add 2 and 3.\nassistant: 5\nuser: And 4?',
      messages: [turns[0], turns[1], { role: 'user', content: 'And 4?' }],
      answer: '9\nTherefore, the answer is: 9',
      answerValue: 9,
    });
  });

  it('the data set’s lines keep the messages, and the prompt is what the template makes of them', async () => {
    const store = createMemoryStore();
    const json = trainTokenizer(['[user]'], { kind: 'bytePair', vocabularySize: 300, templates: [] });
    const prepare = createPrepareData({
      store,
      sandbox: noSandbox,
      dataDirectory: directory,
      workDirectory,
      hub: noHub,
    });
    const prepared = await prepare({
      data: dataOf([row, row], whole),
      seed: 1,
      tokenizer: {
        tokenizer: await store.putJson(json),
        otherFiles: { 'tokenizer_config.json': await store.putBytes(templateFile) },
        vocabularySize: 300,
        endTokens: [1],
        padToken: 0,
      },
    });
    const lines = [...(await store.getLines(prepared.train)), ...(await store.getLines(prepared.validation))];
    expect((lines as Example[]).find(({ answerValue }) => answerValue === 5)).toMatchObject({
      question: 'Add 2 and 3.',
      messages: [{ role: 'user', content: 'Add 2 and 3.' }],
      prompt: '[user] Add 2 and 3.\n[assistant] ',
      answer: chain,
    });
    const [test] = (await store.getLines(prepared.test)) as Example[];
    expect(test?.prompt).toBe('[user] Add 4 and 4.\n[assistant] ');
  });
});

describe('conversations that cannot be used are listed', () => {
  const user = { role: 'user', content: 'Add 2 and 3.' };
  const said = { role: 'assistant', content: '5' };
  it.each([
    [
      'a template that refuses',
      [{ role: 'system', content: 'Be kind.' }, user, said],
      /refuses the conversation: .*System role not/,
    ],
    ['no role', [{ content: 'Add.' }, said], /^message has no role$/],
    ['no text', [{ role: 'user', content: null }, said], /^message of role user has no content that is text$/],
    ['a picture', [{ role: 'user', content: [{ type: 'image' }] }, said], /has no content that is text$/],
    ['nothing asked', [said], /^conversation asks nothing$/],
    ['instructions alone', [{ role: 'system', content: 'Be kind.' }, said], /^conversation asks nothing$/],
    ['two answers', [user, said, said], /^conversation has two turns of the assistant behind one another$/],
    [
      'a call of a tool',
      [user, { role: 'assistant', content: '', tool_calls: [{ id: 'a' }] }, { role: 'tool', content: '5' }, said],
      /^message of role assistant calls a tool, which is not supported$/,
    ],
    ['an older call', [user, { ...said, function_call: { name: 'add' } }], /assistant calls a tool/],
    ['no content', [{ role: 'user' }, said], /^message of role user has no content that is text$/],
    ['content that is a number', [{ role: 'user', content: 5 }, said], /has no content that is text$/],
    ['a value in place of the content', [{ role: 'user', value: 'Add.' }, said], /has no content that is text$/],
    ['an empty role', [{ role: ' ', content: 'Add.' }, said], /^message has no role$/],
    ['a role that is none', [{ role: 5, content: 'Add.' }, said], /^message has no role$/],
    ['an answer of spaces', [user, { role: 'assistant', content: ' ' }], /^row lacks an answer of the assistant$/],
    ['no answer', [user], /^row lacks an answer of the assistant$/],
    ['no messages', [], /^row lacks messages$/],
    ['too many messages', Array.from({ length: 1_001 }, () => user), /more than 1000 messages$/],
  ])('%s', async (_, messages, reason) => {
    const sets = await load([row, { messages, answer: 5 }], whole);
    expect(Object.entries(sets.dropped)).toEqual([
      [expect.stringMatching(reason), { count: 1, examples: ['train.jsonl row 2: train-2'] }],
    ]);
  });

  it('several messages without a chat template', async () => {
    const turns = [user, said, user, said];
    const sets = await load([row, { messages: turns, answer: 5 }], whole, null);
    expect(firstOf(sets)?.question).toBe('Add 2 and 3.');
    expect(Object.keys(sets.dropped)).toContain('a conversation of several messages needs data.promptFormat chat');
  });
});
