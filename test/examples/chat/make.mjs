/**
 * Makes what stands for a user's own in the transcript (`workers/TRANSCRIPT.md`): rows of chats, and a model.
 *
 *     node make.mjs test.jsonl 100 1000   # a file, how many rows, and behind how many others
 *     node make.mjs model                 # a folder with the tokenizer of Qwen2.5, to which config and random weights are added
 *
 * The model is Qwen2.5 but for its sizes: two layers of width 64 and, of the 151,643 tokens of its vocabulary, the first 4,000.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const names = ['Ann', 'Ben', 'Dan', 'Eva', 'Kim', 'Leo', 'Mia', 'Tom'];
const things = ['books', 'cards', 'coins', 'cups', 'eggs', 'nuts', 'pens', 'stamps'];

function row(random) {
  const draw = (from, to) => from + Math.floor(random() * (to - from + 1));
  const [name, thing] = [names[draw(0, 7)], things[draw(0, 7)]];
  const [has, more] = [draw(2, 9), draw(2, 9)];
  return {
    messages: [
      { role: 'system', content: 'Work it out.' },
      { role: 'user', content: `${name} has ${has} ${thing} and gets ${more} more. How many are there?` },
      { role: 'assistant', content: `${has} + ${more} = ${has + more}.` },
    ],
    answer: has + more,
  };
}

function writeRows(path, count, skipped) {
  const random = randomNumbers(1);
  const rows = Array.from({ length: skipped + count }, () => row(random)).slice(skipped);
  writeFileSync(path, rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

const keptTokens = 4_000;
const ownTokens = 151_643;
/** Tokens of the vocabulary keep their ids, and the added ones move up behind them. */
const moved = (id) => (id < ownTokens ? id : id - ownTokens + keptTokens);

const config = {
  architectures: ['Qwen2ForCausalLM'],
  attention_dropout: 0.0,
  bos_token_id: moved(151_643),
  eos_token_id: moved(151_645),
  hidden_act: 'silu',
  hidden_size: 64,
  initializer_range: 0.02,
  intermediate_size: 160,
  max_position_embeddings: 32768,
  max_window_layers: 2,
  model_type: 'qwen2',
  num_attention_heads: 4,
  num_hidden_layers: 2,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  transformers_version: '4.43.1',
  use_cache: true,
  use_mrope: false,
  use_sliding_window: false,
  vocab_size: 4_096,
};
const generationConfig = {
  bos_token_id: moved(151_643),
  do_sample: true,
  eos_token_id: [moved(151_645), moved(151_643)],
  pad_token_id: moved(151_643),
  repetition_penalty: 1.05,
  temperature: 0.7,
  top_k: 20,
  top_p: 0.8,
};

/** The tokenizer's files with fewer tokens. Merges come in the order of the tokens that they make. */
function shortenTokenizer(folder) {
  const change = (name, work) => {
    const path = join(folder, name);
    const file = JSON.parse(readFileSync(path, 'utf8'));
    work(file);
    writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
  };
  change('tokenizer.json', ({ model, added_tokens }) => {
    const vocab = Object.fromEntries(Object.entries(model.vocab).filter(([, id]) => id < keptTokens));
    model.merges = model.merges.filter((merge) => Object.hasOwn(vocab, merge.replace(' ', '')));
    model.vocab = vocab;
    for (const token of added_tokens) token.id = moved(token.id);
  });
  change('tokenizer_config.json', (file) => {
    const tokens = Object.entries(file.added_tokens_decoder);
    file.added_tokens_decoder = Object.fromEntries(tokens.map(([id, token]) => [moved(Number(id)), token]));
  });
}

/** Names and shapes of the weights, as transformers names them. */
function shapes() {
  const { hidden_size: hidden, intermediate_size: inner, num_attention_heads: heads, vocab_size: words } = config;
  const keys = (hidden / heads) * config.num_key_value_heads;
  const layer = {
    'input_layernorm.weight': [hidden],
    'mlp.down_proj.weight': [hidden, inner],
    'mlp.gate_proj.weight': [inner, hidden],
    'mlp.up_proj.weight': [inner, hidden],
    'post_attention_layernorm.weight': [hidden],
    'self_attn.k_proj.bias': [keys],
    'self_attn.k_proj.weight': [keys, hidden],
    'self_attn.o_proj.weight': [hidden, hidden],
    'self_attn.q_proj.bias': [hidden],
    'self_attn.q_proj.weight': [hidden, hidden],
    'self_attn.v_proj.bias': [keys],
    'self_attn.v_proj.weight': [keys, hidden],
  };
  const layers = Array.from({ length: config.num_hidden_layers }, (_, index) =>
    Object.entries(layer).map(([name, shape]) => [`model.layers.${index}.${name}`, shape]),
  );
  return [['model.embed_tokens.weight', [words, hidden]], ...layers.flat(), ['model.norm.weight', [hidden]]];
}

/** A file of safetensors: the length of a header, the header, the weights. */
function weights() {
  const random = randomNumbers(2);
  const normal = () => 0.02 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const header = { __metadata__: { format: 'pt' } };
  const parts = [];
  let end = 0;
  for (const [name, shape] of shapes()) {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
      name.endsWith('norm.weight') ? 1 : name.endsWith('bias') ? 0 : normal(),
    );
    // bfloat16 is the upper half of float32.
    const halves = Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16);
    parts.push(Buffer.from(halves.buffer));
    header[name] = { dtype: 'BF16', shape, data_offsets: [end, end + halves.byteLength] };
    end += halves.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

const [target = '', count, skipped = '0'] = process.argv.slice(2);
if (count !== undefined) writeRows(target, Number(count), Number(skipped));
else {
  shortenTokenizer(target);
  writeFileSync(join(target, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  writeFileSync(join(target, 'generation_config.json'), `${JSON.stringify(generationConfig, null, 2)}\n`);
  writeFileSync(join(target, 'model.safetensors'), weights());
}
