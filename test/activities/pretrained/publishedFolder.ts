/** A fixture's model as a run would publish it: imported from a Hugging Face folder, and written out as one again. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { importModel } from '../../../activities/engine/tasks/importModel.js';
import type { ModelFiles } from '../../../activities/engine/weights/modelFiles.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { publishModelFolder } from '../../../activities/store/modelFolder.js';
import type { ObjectRef, Store } from '../../../activities/store/types.js';
import { createMemoryStore } from '../data/memoryStore.js';
import { quietContext } from '../engine/modelFolder.js';

/** Objects in memory, published names as files. */
export function folderStore(directory: string): Store {
  return {
    ...createMemoryStore(),
    publish: async (name, content) => {
      const path = join(directory, name);
      await mkdir(dirname(path), { recursive: true });
      await ('file' in content ? copyFile(content.file, path) : writeFile(path, content));
    },
  };
}

/** Publishes the model in `directory` to `<directory>-published`; as one trained from scratch it brings no files along. */
export async function publishedFrom(
  directory: string,
  { fromScratch = false } = {},
): Promise<{ files: ModelFiles; published: string }> {
  const { config, tokenizer, otherFiles } = await readFolder(directory);
  const task = { config, directory, outputDirectory: `${directory}-imported` };
  const { files } = await importModel(task, quietContext);
  const store = folderStore('/');
  const passedOn: Record<string, ObjectRef> = {};
  for (const [name, bytes] of fromScratch ? [] : otherFiles) passedOn[name] = await store.putBytes(bytes);
  const published = `${directory}-published`;
  const temporary = `${directory}-temporary`;
  await mkdir(temporary, { recursive: true });
  await publishModelFolder(
    { store, directory: temporary },
    published,
    files,
    await store.putBytes(tokenizer),
    passedOn,
  );
  return { files, published };
}
