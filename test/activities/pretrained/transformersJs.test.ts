/** Out again, as ONNX: transformers.js loads the folder a run publishes, with no options, and goes on with a text as we do. */
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { env } from '@huggingface/transformers';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../activities/data/tokenizer/loadTokenizer.js';
import { trainTokenizer } from '../../../activities/data/tokenizer/trainTokenizer.js';
import { writeOnnxModel } from '../../../activities/engine/export/writeOnnxModel.js';
import { endTokensOf } from '../../../activities/engine/models/configTokens.js';
import { generate } from '../../../activities/engine/sampling/generate.js';
import type { ModelFiles } from '../../../activities/engine/weights/modelFiles.js';
import { loadModel } from '../../../activities/engine/weights/modelFiles.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { transformersJsConfig } from '../../../activities/store/modelFolder.js';
import { architectures } from '../../reference/fixtures.js';
import { quietContext } from '../engine/modelFolder.js';
import { startHub } from './hubServer.js';
import { temporaryDirectory, writeFolder } from './modelFolders.js';
import { publishedFrom } from './publishedFolder.js';
import { askTransformersJs } from './transformersJs.js';

const root = await temporaryDirectory();
const smollm2 = process.env.REFT_SMOLLM2 ?? '';

const goOn = (folder: string, texts: readonly string[], tokens: number) =>
  askTransformersJs(root, relative(root, folder), texts, tokens);

/** The same by the engine. */
async function ours(model: ModelFiles, prompts: readonly (readonly number[])[], tokens: number): Promise<number[][]> {
  const { pad_token_id: padToken } = model.config;
  const { answers } = await generate(
    {
      model,
      prompts: prompts.map((prompt, example) => ({ example, tokens: prompt })),
      samples: 1,
      temperature: 0,
      maxAnswerTokens: tokens,
      endTokens: endTokensOf(model.config),
      padToken,
      random: { seed: 0, purpose: 'rollout', round: 0 },
    },
    quietContext,
  );
  return answers.map((answer) => [...answer.tokens]);
}

/** Rows that ended early are filled up with padding, or the end token repeated. */
function cut(row: readonly number[], ends: readonly number[]): readonly number[] {
  const last = row.findIndex((token) => ends.includes(token));
  return last < 0 ? row : row.slice(0, last + 1);
}

describe('transformers.js', () => {
  it.each(architectures.filter((name) => name !== 'rope-linear'))(
    'goes on with texts as the engine does: %s',
    async (name) => {
      const { files, published } = await publishedFrom(await writeFolder(join(root, name), name));
      const theirs = await goOn(published, ['x', 'x + y, x', 'y, y'], 10);
      const own = await ours(files, theirs.prompts, 10);
      const ends = endTokensOf(files.config);
      expect(theirs.answers.map((row) => cut(row, ends))).toEqual(own.map((row) => cut(row, ends)));
      expect(new Set(own.flat()).size).toBeGreaterThan(2);
    },
  );

  it('stops by itself at the token that ends an answer', async () => {
    const { published } = await publishedFrom(await writeFolder(join(root, 'endless'), 'gpt2'));
    const texts = ['x', 'x + y, x', 'y, y'];
    const { answers } = await goOn(published, texts, 10);
    // A token that an answer comes to on its way.
    const [ends = -1, text = ''] =
      answers.flatMap((row, index) => {
        const token = row.slice(1, -1).find((other) => other !== row[0]);
        return token === undefined ? [] : ([[token, texts[index]]] as const);
      })[0] ?? [];
    // Alone, and as the second of several, which generation_config.json lists (case model-eos-list).
    for (const [name, eos_token_id] of [['ending', ends] as const, ['endings', [18, ends]] as const]) {
      const { files, published: ending } = await publishedFrom(
        await writeFolder(join(root, name), 'gpt2', {
          change: ({ generationConfig }) => Object.assign(generationConfig, { eos_token_id }),
        }),
      );
      const theirs = await goOn(ending, [text], 10);
      expect(theirs.answers).toEqual(await ours(files, theirs.prompts, 10));
      expect(theirs.answers[0]?.at(-1)).toBe(ends);
      expect(theirs.answers[0]?.length).toBeLessThan(10);
    }
  });

  it('fetches weights that are too large for one file from a hub', async () => {
    const { files, published } = await publishedFrom(await writeFolder(join(root, 'parts'), 'gpt2'));
    const before = await goOn(published, ['x', 'y, y'], 8);
    const names = await writeOnnxModel(join(published, 'onnx'), files.config, await loadModel(files), 8_000);
    expect(names.length).toBeGreaterThan(2);
    const path = join(published, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...config, ...transformersJsConfig(names.length - 1) }));
    // What transformers.js is told does not stand in the way of others.
    expect((await readFolder(published)).config).toEqual(files.config);

    const paths = await readdir(published, { recursive: true });
    const contents = paths
      .filter((name) => name !== 'onnx')
      .map(async (name) => [name, await readFile(join(published, name))] as const);
    const hub = await startHub(new Map(await Promise.all(contents)));
    hub.servesBranches = true;
    Object.assign(env, { allowRemoteModels: true, remoteHost: hub.endpoint, cacheDir: join(root, 'cache') });
    const fetched = await goOn(join(root, 'org/tiny'), ['x', 'y, y'], 8);
    env.allowRemoteModels = false;
    expect(fetched.answers).toEqual(before.answers);
  });

  it.each(['word', 'bytePair'] as const)('reads and writes as a tokenizer trained here: %s', async (kind) => {
    const json = trainTokenizer(['Tom has 12 apples.'], { kind, vocabularySize: 300, templates: ['has 1'] });
    const own = loadTokenizer(json);
    const directory = await writeFolder(join(root, kind), 'rope-llama3', {
      change: (parts) => {
        // As many rows as there are tokens.
        const shape = [own.vocabularySize, 32];
        const data = Float32Array.from({ length: own.vocabularySize * 32 }, (_, index) => Math.sin(index));
        parts.tensors.set('model.embed_tokens.weight', { shape, data });
        Object.assign(parts, { tokenizer: json, config: { ...parts.config, vocab_size: own.vocabularySize } });
      },
    });
    const { published } = await publishedFrom(directory, { fromScratch: true });
    const texts = ['Tom has 12 apples.', 'apples has Tom', 'Eve  has\n12'];
    const { prompts, answers, texts: theirs } = await goOn(published, texts, 4);
    expect(prompts).toEqual(texts.map((text) => own.encode(text)));
    // transformers.js counts what stands for unknown words among the special tokens.
    expect(theirs).toEqual(answers.map((answer) => own.decode(answer).replaceAll('<unk>', '')));
  });

  it.skipIf(smollm2 === '')(
    'goes on with SmolLM2’s texts as the engine does (REFT_SMOLLM2)',
    async () => {
      const directory = join(root, 'smollm2');
      await symlink(smollm2, directory);
      const { files, published } = await publishedFrom(directory);
      const texts = [
        'The capital of France is',
        'Question:\nTom has 12 apples and eats 5. How many are left?\nAnswer reasoning:\ndef solution():\n',
      ];
      const theirs = await goOn(published, texts, 24);
      const own = await ours(files, theirs.prompts, 24);
      const ends = endTokensOf(files.config);
      expect(theirs.answers.map((row) => cut(row, ends))).toEqual(own.map((row) => cut(row, ends)));
      expect(theirs.texts[0]).toContain('Paris');
    },
    240_000,
  );
});
