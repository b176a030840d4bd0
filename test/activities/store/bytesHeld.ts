/** What a cache's copies take. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export async function bytesHeld(folder: string): Promise<number> {
  const names = await readdir(join(folder, 'objects'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, 'objects', name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
