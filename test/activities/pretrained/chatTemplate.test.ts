/** Chat templates as pretrained models carry them, rendered as transformers renders them, or refused. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readChatTemplate } from '../../../activities/pretrained/chatTemplate.js';
import { chatMl } from './chatMl.js';
import { temporaryDirectory, writeFolder } from './modelFolders.js';
import { peerPython } from './peer.js';

/** In the manner of Llama 3: begins with a token, may name the day, trims. */
const llama3 = `{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") %}
{%- endif %}
{{- bos_token }}
{{- "<|start_header_id|>system<|end_header_id|>\n\nToday Date: " + date_string + "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
`;
const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const inConfig = (template: unknown, more = {}): ReadonlyMap<string, Uint8Array> =>
  new Map([['tokenizer_config.json', bytes({ chat_template: template, ...more })]]);

const render = (files: ReadonlyMap<string, Uint8Array>, content: string): string =>
  readChatTemplate(files)([{ role: 'user', content }]);

describe('a chat template', () => {
  it('opens the assistant’s turn behind the question', () => {
    const expected = '<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n';
    expect(render(inConfig(chatMl), 'How many?')).toBe(expected);
    const several = [
      { name: 'tool_use', template: 'x' },
      { name: 'default', template: chatMl },
    ];
    expect(render(inConfig(several), 'How many?')).toBe(expected);
    const ownFile = new Map([...inConfig('x'), ['chat_template.jinja', bytes(chatMl)]]);
    expect(render(ownFile, 'How many?')).toBe(expected);
  });

  it('has the tokenizer’s tokens, and a day that never changes', () => {
    const files = inConfig(llama3, { bos_token: { content: '<s>' } });
    expect(render(files, ' 1 + 1? ')).toBe(
      '<s><|start_header_id|>system<|end_header_id|>\n\nToday Date: 26 Jul 2024<|eot_id|>' +
        '<|start_header_id|>user<|end_header_id|>\n\n1 + 1?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    );
    const older = new Map([
      ...inConfig(llama3),
      ['special_tokens_map.json', bytes({ bos_token: { content: '<s>' }, additional_special_tokens: ['<x>'] })],
    ]);
    expect(render(older, '1 + 1?')).toMatch(/^<s></);
  });

  it.each([
    ["{{ messages[0].content.strip('\\n') }}", ' \n a=b an \u001c\t'],
    ["{{ messages[0].content.lstrip(' \\n') }}", 'a=b an \u001c\t\n'],
    ["{{ messages[0].content.rstrip('\\n\\t') }}", ' \n a=b an \u001c'],
    ['{{ messages[0].content.strip() }}', 'a=b an'],
    ['{{ messages[0].content | trim }}', 'a=b an'],
    ["{{ {'k': messages[0].content.strip()}.k + 'x'.strip('x') }}", 'a=b an'],
    ['{{ "\ufeffx\ufeff" | trim }}', '\ufeffx\ufeff'],
    ['  {% if true %}\n  a\n  {% endif %}\n  b {# c #}\n  {%- set x = 1 %}\n{{ x }}\n', '  a\n  b 1'],
    ['a\n\n{% for m in messages %}\n{{ m.role }}\n{% endfor %}\n\nend\n\n', 'a\n\nuser\n\nend\n'],
  ])('has %j as Python’s Jinja renders it', (template, expected) => {
    expect(render(inConfig(template), ' \n a=b an \u001c\t\n')).toBe(expected);
  });

  it.each([
    ['there is none', new Map(), /data\.promptFormat is chat, but the model has no chat template/],
    ['it is empty', inConfig(null), /no chat template/],
    ['it is no template', inConfig('{% for %}'), /^chat_template in tokenizer_config\.json cannot be used: /],
    ['it refuses', inConfig("{{ raise_exception('no users here') }}"), /cannot be used: .*no users here/],
    ['it writes the day', inConfig('{{ strftime_now("%d") }}'), /cannot be used: it writes the current date/],
    [
      'the file is broken',
      new Map([['tokenizer_config.json', bytes('{')]]),
      /^tokenizer_config\.json is not JSON, at position 1$/,
    ],
    ['it counts for ever', inConfig('{% for i in range(999999999) %}{% endfor %}'), /takes far longer than any other/],
  ])('is refused where %s', (_, files, message) => {
    expect(() => readChatTemplate(files)).toThrow(
      expect.objectContaining({ name: 'InvalidModel', message: expect.stringMatching(message) }),
    );
  });

  it.skipIf(peerPython === undefined)(
    'is rendered as transformers renders it (REFT_PEER_PYTHON)',
    async () => {
      const root = await temporaryDirectory();
      const script = `
import sys
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
sys.stdout.write(tokenizer.apply_chat_template([{"role": "user", "content": sys.argv[2]}], tokenize=False,
    add_generation_prompt=True, date_string="26 Jul 2024"))
`;
      for (const [name, template] of Object.entries({ chatMl, llama3 })) {
        const change = ({ tokenizerConfig }: { tokenizerConfig: Record<string, unknown> }): void =>
          void Object.assign(tokenizerConfig, { chat_template: template, bos_token: '</s>' });
        const folder = await writeFolder(join(root, name), 'qwen2', { change });
        const config = await readFile(join(folder, 'tokenizer_config.json'));
        const question = ' Tom has 3 apples.\n\nHow many "apples" has he? ';
        const { stdout } = await promisify(execFile)(peerPython ?? '', ['-c', script, folder, question]);
        expect(render(new Map([['tokenizer_config.json', config]]), question)).toBe(stdout);
      }
    },
    60_000,
  );
});
