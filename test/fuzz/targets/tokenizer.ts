/** tokenizer.json of every kind, with texts encoded and decoded; and chat templates, with conversations rendered and encoded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer } from '../../../activities/data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from '../../../activities/data/tokenizer/trainTokenizer.js';
import { readChatTemplate } from '../../../activities/pretrained/chatTemplate.js';
import { parseModelFile } from '../../../activities/pretrained/modelFile.js';
import { chatMl } from '../../activities/pretrained/chatMl.js';
import { hostileJson, mutatedBytes, mutatedText, oneOf } from '../mutate.js';
import type { Target } from '../target.js';

const fixtures = join(import.meta.dirname, '../../reference/fixtures');
const kinds = ['bert', 'codellama', 'galactica', 'gemma', 'gpt2', 'llama', 'qwen2'];
const tokenizers = kinds.map((kind) => {
  const { tokenizer } = JSON.parse(readFileSync(join(fixtures, `tokenizer-${kind}.json`), 'utf8'));
  return typeof tokenizer === 'string' ? JSON.parse(tokenizer) : tokenizer;
});
const texts = [
  'What is 5 + 3?',
  '  two  spaces\n\n\tand é 😀 ﬁ',
  'a'.repeat(2_000),
  `${'ab '.repeat(300)}!`,
  '</s><pad>',
  '',
];

export const tokenizer: Target = {
  make: (random) => hostileJson(tokenizers, random),
  sound: () => tokenizers.map((one) => Buffer.from(JSON.stringify(one))),
  read: (input) => {
    const loaded = loadTokenizer(parseModelFile('tokenizer.json', input), { endTokens: [0], padToken: 1 });
    for (const text of texts) {
      const tokens = loaded.encode(text);
      loaded.decode(tokens);
    }
    loaded.encodeRendered(['a', 'b</s>'], (written) => `<s>${written.join('</s>')}`);
    loaded.decode([0, 1, 5, 7, -1, 1.5, 1e9, 9]);
  },
};

const chatTokenizer = loadTokenizer(
  trainTokenizer(['a b c'], { kind: 'word', vocabularySize: 40, templates: [chatMl] }),
);
const templates = [
  chatMl,
  "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% endif %}{{ bos_token }}",
  '{%- for m in messages %}{{ m.content | trim }}{{ "x".strip("x") }}{% else %}{{ raise_exception("no") }}{% endfor %}',
];
const words = [
  ...[
    '{%',
    '%}',
    '{{',
    '}}',
    '{#',
    '#}',
    '-',
    ' for ',
    ' in ',
    ' if ',
    'else',
    'endif',
    'endfor',
    'set x = ',
    'macro f(a)',
    'endmacro',
  ],
  ...[
    'messages',
    'message',
    "['role']",
    '.content',
    '| trim',
    '| length',
    '| tojson',
    '| join(",")',
    'range(999999999)',
    '[0]',
    '[::-1]',
  ],
  ...[
    '"a"',
    '1',
    '9999999',
    '*',
    '+',
    '~',
    '(',
    ')',
    '[',
    ']',
    '.strip()',
    '.split("a")',
    'namespace(x=1)',
    'raise_exception("x")',
    '\n',
  ],
  ...['{% for i in range(100000) %}', '{% endfor %}', '{{ messages }}', '{% set a = "x" * 99999999 %}', 'f(f)'],
];

export const chatTemplate: Target = {
  make: (random) =>
    random.uniform() < 0.5
      ? mutatedBytes(Buffer.from(oneOf(random, templates)), random)
      : Buffer.from(mutatedText(words, random)),
  sound: () => [Buffer.from(chatMl)],
  read: (input) => {
    const chat = readChatTemplate(new Map([['chat_template.jinja', input]]));
    const content = ['What is 1 + 1?', 'Two</s>'];
    chatTokenizer.encodeRendered(content, (written) =>
      chat(written.map((text, index) => ({ role: index === 0 ? 'user' : 'assistant', content: text }))),
    );
  },
};
