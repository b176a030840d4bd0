/**
 * A real pretrained model: SmolLM2-135M-Instruct, in the folder that `REFT_SMOLLM2` names (float16, 135 million parameters),
 * against some logits of transformers', and against all of them where `REFT_PEER_PYTHON` names a Python that has it.
 */
import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../activities/data/tokenizer/loadTokenizer.js';
import { generate } from '../../../activities/engine/sampling/generate.js';
import { importModel } from '../../../activities/engine/tasks/importModel.js';
import { loadModel } from '../../../activities/engine/weights/modelFiles.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { readFixture } from '../../reference/fixtures.js';
import { logitsOf } from '../engine/logits.js';
import { quietContext } from '../engine/modelFolder.js';
import { temporaryDirectory } from './modelFolders.js';
import { askTransformers, peerPython } from './peer.js';

const folder = process.env.REFT_SMOLLM2 ?? '';
const root = await temporaryDirectory();

const fixture = readFixture('smollm2');
const texts = fixture.texts.map(({ text }) => text);

async function hashOf(stream: ReadStream): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

describe.skipIf(folder === '')('SmolLM2-135M (REFT_SMOLLM2)', () => {
  it('is imported, goes on with a text and keeps its chat template', async () => {
    const { config, special, tokenizer: json, otherFiles } = await readFolder(folder);
    expect(Buffer.from(otherFiles.get('tokenizer_config.json') ?? []).toString()).toContain('chat_template');
    const { files } = await importModel({ config, directory: folder, outputDirectory: root }, quietContext);
    const tokenizer = loadTokenizer(JSON.parse(Buffer.from(json).toString()), special);
    for (const text of texts.slice(0, 4)) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    const { answers } = await generate(
      {
        model: files,
        prompts: [{ example: 0, tokens: tokenizer.encode('The capital of France is') }],
        samples: 1,
        temperature: 0,
        maxAnswerTokens: 4,
        ...special,
        random: { seed: 0, purpose: 'rollout', round: 0 },
      },
      quietContext,
    );
    expect(tokenizer.decode(answers[0]?.tokens ?? [])).toContain('Paris');
  }, 120_000);

  it('gives the tokens and logits that transformers gave', async (context) => {
    const { weightsSha256, stride } = fixture;
    const weights = createReadStream(join(folder, 'model.safetensors'));
    if ((await hashOf(weights)) !== weightsSha256) context.skip('the folder has other weights than the fixture is of');
    const { config, special } = await readFolder(folder);
    const { files } = await importModel({ config, directory: folder, outputDirectory: root }, quietContext);
    const parameters = await loadModel(files);
    const tokenizer = loadTokenizer(JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')), special);
    for (const { text, ids, logits, largest, tokens, logSums } of fixture.texts) {
      expect(tokenizer.encode(text)).toEqual(ids);
      const [first = 0, ...rest] = ids;
      const own = await logitsOf(config, parameters, [{ prompt: [first], answer: [...rest, 0] }]);
      const near = (actual: number | undefined, expected: number | undefined): void =>
        expect(Math.abs((actual ?? Number.NaN) - (expected ?? Number.NaN))).toBeLessThan(1e-3);
      ids.forEach((_, position) => {
        const row = own.subarray(position * config.vocab_size, (position + 1) * config.vocab_size);
        for (const [index, logit] of (logits[position] ?? []).entries()) near(row[index * stride], logit);
        near(row[tokens[position] ?? -1], largest[position]);
        const most = row.reduce((a, b) => Math.max(a, b));
        near(most, largest[position]);
        near(most + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0)), logSums[position]);
      });
    }
  }, 240_000);

  it.skipIf(peerPython === undefined)(
    'gives transformers’ tokens and logits within 10⁻³',
    async () => {
      const { config, special } = await readFolder(folder);
      const { files } = await importModel({ config, directory: folder, outputDirectory: root }, quietContext);
      const parameters = await loadModel(files);
      const tokenizer = loadTokenizer(JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')), special);
      const encoded = texts.map((text) => tokenizer.encode(text));
      const peer = await askTransformers(folder, encoded, texts);
      expect(encoded).toEqual(peer.encoded);
      for (const [index, tokens] of encoded.entries()) {
        const [first = 0, ...rest] = tokens;
        const own = await logitsOf(config, parameters, [{ prompt: [first], answer: [...rest, 0] }]);
        const expected = peer.logits[index]?.flat() ?? [];
        expect(own.length).toBe(expected.length);
        const difference = expected.reduce(
          (most, logit, at) => Math.max(most, Math.abs(logit - (own[at] ?? Number.NaN))),
          0,
        );
        expect(difference).toBeLessThan(1e-3);
      }
    },
    240_000,
  );
});
