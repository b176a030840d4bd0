/** Out again: the folder a run publishes loads in transformers with the same logits, for every architecture. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../activities/engine/weights/modelFiles.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { architectures, readFixture, relativeError } from '../../reference/fixtures.js';
import { logitsOf } from '../engine/logits.js';
import { temporaryDirectory, writeFolder } from './modelFolders.js';
import { askTransformers, peerPython } from './peer.js';
import { publishedFrom } from './publishedFolder.js';

const root = await temporaryDirectory();

describe.skipIf(peerPython === undefined)('transformers (REFT_PEER_PYTHON)', () => {
  it.each(architectures)(
    'gives the same logits of a published %s',
    async (name) => {
      const directory = await writeFolder(join(root, name), name);
      const { files, published } = await publishedFrom(directory);
      const { config } = files;
      expect(JSON.parse(await readFile(join(published, 'tokenizer_config.json'), 'utf8')).chat_template).toBe(
        '{{ messages }}',
      );
      const sequences = readFixture(name).sequences.map(({ prompt, answer }) => [...prompt, ...answer]);
      const { logits } = await askTransformers(published, sequences, ['x + y']);
      const parameters = await loadModel(files);
      for (const [index, tokens] of sequences.entries()) {
        const [first = 0, ...rest] = tokens;
        const own = await logitsOf(config, parameters, [{ prompt: [first], answer: [...rest, 0] }]);
        expect(relativeError(own, logits[index]?.flat() ?? [])).toBeLessThan(1e-5);
      }
      // What the folder says of the model, read again, is the model.
      expect((await readFolder(published)).config).toEqual(config);
    },
    60_000,
  );
});
