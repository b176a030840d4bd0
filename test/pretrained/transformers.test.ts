/** Out again: the folder a run publishes loads in transformers with the same logits, for every architecture. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../activities/engine/runtime/modelCache.js';
import { importModel } from '../../activities/engine/tasks/importModel.js';
import { readFolder } from '../../activities/pretrained/readFolder.js';
import { publishModelFolder } from '../../activities/store/modelFolder.js';
import type { Store } from '../../activities/store/types.js';
import { createMemoryStore } from '../data/memoryStore.js';
import { logitsOf } from '../engine/logits.js';
import { quietContext } from '../engine/modelFolder.js';
import { architectures, readFixture, relativeError } from '../reference/fixtures.js';
import { temporaryDirectory, writeFolder } from './modelFolders.js';
import { askTransformers, peerPython } from './peer.js';

const root = await temporaryDirectory();

/** Objects in memory, published names as files. */
function folderStore(directory: string): Store {
  return {
    ...createMemoryStore(),
    publish: async (name, content) => {
      const path = join(directory, name);
      await mkdir(dirname(path), { recursive: true });
      await ('file' in content ? copyFile(content.file, path) : writeFile(path, content));
    },
  };
}

describe.skipIf(peerPython === undefined)('transformers (REFT_PEER_PYTHON)', () => {
  it.each(architectures)(
    'gives the same logits of a published %s',
    async (name) => {
      const directory = await writeFolder(join(root, name), name);
      const { config, tokenizer, otherFiles } = await readFolder(directory);
      const { files } = await importModel(
        { config, directory, outputDirectory: join(root, `${name}-imported`) },
        quietContext,
      );
      const store = folderStore(root);
      const passedOn = {
        'tokenizer_config.json': await store.putBytes(otherFiles.get('tokenizer_config.json') ?? Buffer.of()),
      };
      await publishModelFolder(store, `${name}-published`, files, await store.putBytes(tokenizer), passedOn);

      const published = join(root, `${name}-published`);
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
