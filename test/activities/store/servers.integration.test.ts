/** What the store does on any S3 server, on SeaweedFS: a server other than the one that is started where there is Go. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { usualDialect } from '../../../activities/store/s3/dialect.js';
import { findPython } from '../../../infra/obtain/python.js';
import { seaweedfsWheel } from '../../../infra/obtain/wheels.js';
import { prepareBucket, type S3Access } from '../../../infra/s3/access.js';
import { type RunningServer, seaweedfs, startServer } from '../../s3Servers/servers.js';
import { binDirectory } from '../../support/stack.js';
import { awkwardPrefix, serverChecks } from './serverChecks.js';

const canRun = `${process.platform}-${process.arch}` in seaweedfsWheel.platforms && (await findPython()) !== null;

describe.skipIf(!canRun)('SeaweedFS (needs Python with pip)', () => {
  let server: RunningServer;
  let access: S3Access;
  beforeAll(async () => {
    server = await startServer(seaweedfs, binDirectory);
    access = await prepareBucket(server.access);
  });
  afterAll(() => server.stop());

  test('knows everything', () => {
    expect(access).toMatchObject({ addressing: 'path', dialect: usualDialect });
  });

  test.each([...serverChecks, awkwardPrefix].map((check) => [check.name, check] as const))('%s', (_, check) =>
    check.run(access),
  );
});
