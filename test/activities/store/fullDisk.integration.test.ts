/** A worker's storage on a disk that is full: copies of what is in S3 make room, and where they cannot, the message names the folder. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Server, startS3 } from './s3Server.js';

const script = fileURLToPath(new URL('fullDiskProcess.ts', import.meta.url));
/** In a namespace of its own, so that nothing is left mounted. */
const onSmallDisk = (disk: string, ...command: readonly string[]): [string, string[]] => [
  'unshare',
  ['-Urm', 'sh', '-c', 'mount -t tmpfs -o size=6m tmpfs "$0" && exec "$@"', disk, ...command],
];

function canMount(): boolean {
  try {
    execFileSync(...onSmallDisk('/mnt', 'true'), { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canMount())('on a disk of 6 MiB (skipped where none can be mounted without rights)', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.close());

  it('copies that are not in use make room, and what lacks room says where', async () => {
    const disk = join(server.directory, 'disk');
    await mkdir(disk);
    const command = [process.execPath, '--import', 'tsx', script, disk, JSON.stringify(server.access)];
    const { stdout } = await promisify(execFile)(...onSmallDisk(disk, ...command));
    expect(JSON.parse(stdout)).toEqual({
      crowded: null,
      copiesAfter: 1,
      isFetchedAgain: true,
      full: expect.stringMatching(
        new RegExp(`^DiskFull: no room left on the disk of ${disk}/cache \\(\\d MiB free\\): ENOSPC`),
      ),
      unfinished: [],
      step: expect.stringMatching(
        new RegExp(`^DiskFull: no room left on the disk of ${disk}/work \\(\\d MiB free\\): ENOSPC`),
      ),
      mended: null,
    });
  });
});
