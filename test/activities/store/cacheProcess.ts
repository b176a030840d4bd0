/**
 * One of several processes at work on the same cache folder (see cache.test.ts): finds or adds the same sixty objects in
 * its own order, ages them so that eviction has work, and reports how often it read what it should not have.
 */
import { randomInt } from 'node:crypto';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { createCache } from '../../../activities/store/cache.js';
import { sha256OfBytes } from '../../../activities/store/digest.js';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: cacheProcess.ts <folder>');
const cache = createCache(directory, 400_000);
const objects = Array.from({ length: 60 }, (_, index) => {
  const bytes = Buffer.alloc(20_000, index);
  return { bytes, sha256: sha256OfBytes(bytes) };
});
let damaged = 0;
let found = 0;
const rounds = 600;
for (let round = 0; round < rounds; round++) {
  const object = objects[randomInt(objects.length)];
  if (object === undefined) continue;
  let path = await cache.find(object.sha256, object.bytes.length);
  if (path !== null) found += 1;
  else {
    const temporary = await cache.temporaryPath();
    await writeFile(temporary, object.bytes);
    path = await cache.adopt(temporary, object.sha256);
  }
  // Another process may have aged and evicted it between the two lines; a torn or wrong file would be the fault.
  const read = await readFile(path).catch(() => object.bytes);
  if (!object.bytes.equals(read)) damaged += 1;
  if (randomInt(2) === 0) await utimes(path, 0, Math.floor(Date.now() / 1000)).catch(() => undefined);
}
process.stdout.write(JSON.stringify({ damaged, used: rounds, found }));
