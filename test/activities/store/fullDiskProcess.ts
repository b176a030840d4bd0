/**
 * A worker's storage on a disk of six mebibytes (see fullDisk.integration.test.ts, which mounts it): fills it with copies, with files
 * that nobody can remove, and makes room again. Prints what came of each.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStore } from '../../../activities/store/store.js';
import { withOutputDirectory } from '../../../activities/trainingSteps.js';

const [disk, access] = process.argv.slice(2);
if (disk === undefined || access === undefined)
  throw new Error('usage: fullDiskProcess.ts <folder> <S3 access as JSON>');
const cacheDirectory = join(disk, 'cache');
const copies = join(cacheDirectory, 'objects');
const store = createStore({ ...JSON.parse(access), cacheDirectory, cacheBytes: 2 ** 30 });
const mebibyte = 2 ** 20;

const failureOf = (work: Promise<unknown>): Promise<string | null> =>
  work.then(
    () => null,
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** Makes all copies look as if they had been used last so long ago. */
async function age(ms: number): Promise<void> {
  const then = new Date(Date.now() - ms);
  for (const name of await readdir(copies)) await utimes(join(copies, name), then, then);
}
const hour = 3_600_000;

const first = randomBytes(1.5 * mebibyte);
const ref = await store.putBytes(first);
for (let index = 0; index < 2; index++) await store.putBytes(randomBytes(1.5 * mebibyte));
await age(hour);
const crowded = await failureOf(store.putBytes(randomBytes(3 * mebibyte)));
const copiesAfter = (await readdir(copies)).length;
await age(hour);
const isFetchedAgain = first.equals(await store.getBytes(ref));
// All are in use now.
await age(0);

const ballast = join(disk, 'ballast');
await writeFile(ballast, Buffer.alloc(8 * mebibyte)).catch(() => undefined);
const full = await failureOf(store.putBytes(randomBytes(mebibyte)));
const unfinished = await readdir(join(cacheDirectory, 'incoming'));
const work = join(disk, 'work');
await mkdir(work);
const step = await failureOf(
  withOutputDirectory(work, (folder) => writeFile(join(folder, 'model.safetensors'), Buffer.alloc(mebibyte))),
);
await rm(ballast);
const mended = await failureOf(store.putBytes(randomBytes(mebibyte)));
process.stdout.write(JSON.stringify({ crowded, copiesAfter, isFetchedAgain, full, unfinished, step, mended }));
