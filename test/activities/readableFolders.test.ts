/** Which files of a machine a specification may name. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { obtainFiles } from '../../activities/data/files/obtainFile.js';
import { obtainModel } from '../../activities/pretrained/obtainModel.js';
import { findReadable } from '../../activities/readableFolders.js';
import { fileAccess } from './data/sourceAccess.js';

const folder = mkdtempSync(join(tmpdir(), 'reft-readable-'));
const data = join(folder, 'data');
const other = join(folder, 'other');
for (const made of [data, other, join(data, '.ssh')]) mkdirSync(made);
for (const file of ['data/a.json', 'data/.env', 'data/.ssh/key', 'other/b.json', 'secret.json'])
  writeFileSync(join(folder, file), 'root:x:0:0');
symlinkSync(join(folder, 'secret.json'), join(data, 'link.json'));
symlinkSync(other, join(data, 'out'));
symlinkSync('a.json', join(data, 'inside.json'));
afterAll(() => rmSync(folder, { recursive: true }));

const environment = { REFT_DATA_DIR: data };
const look = (path: string, given: NodeJS.ProcessEnv = environment): Promise<object> =>
  findReadable(path, { environment: given });
const outside = { problem: expect.stringMatching(/^it lies outside .*data.*REFT_FOLDERS/) };

describe('a file that a specification names', () => {
  it('is read where it really lies, in REFT_DATA_DIR', async () => {
    expect(await look(join(data, 'a.json'))).toEqual({ path: join(data, 'a.json') });
    expect(await look(join(data, 'inside.json'))).toEqual({ path: join(data, 'a.json') });
    expect(await look(join(data, 'none.json'))).toEqual({ problem: 'ENOENT' });
  });

  it.each([
    ['elsewhere', '../secret.json'],
    ['where nothing is', '../nothing.json'],
    ['in a folder whose name begins alike', '../data2/a.json'],
    ['behind a link', 'link.json'],
    ['behind a linked folder', 'out/b.json'],
    ['in a hidden file', '.env'],
    ['in a hidden folder', '.ssh/key'],
  ])('is not read %s', async (_, path) => {
    expect(await look(join(data, path))).toEqual(outside);
  });

  it('is read in the folders of REFT_FOLDERS, hidden ones as well', async () => {
    const wider = { ...environment, REFT_FOLDERS: [other, join(data, '.ssh')].join(delimiter) };
    expect(await look(join(data, 'out', 'b.json'), wider)).toEqual({ path: join(other, 'b.json') });
    expect(await look(join(data, '.ssh', 'key'), wider)).toEqual({ path: join(data, '.ssh', 'key') });
    expect(await look(join(folder, 'secret.json'), wider)).toEqual(outside);
  });

  it('is read in the folder that the worker was started in, unless that holds everything', async () => {
    vi.spyOn(process, 'cwd').mockReturnValue(other);
    expect(await look(join(other, 'b.json'), {})).toEqual({ path: join(other, 'b.json') });
    vi.spyOn(process, 'cwd').mockReturnValue('/');
    expect(await look(join(other, 'b.json'), {})).toEqual({ problem: expect.stringContaining('outside') });
    vi.restoreAllMocks();
  });
});

describe('outside of those folders', () => {
  it('data are refused, and nothing of them is shown', async () => {
    vi.stubEnv('REFT_FOLDERS', '');
    for (const from of ['/etc/passwd', '../secret.json', 'link.json'])
      await expect(obtainFiles(from, 'train', fileAccess(data))).rejects.toMatchObject({
        name: 'InvalidData',
        message: expect.not.stringContaining('root:'),
      });
    vi.unstubAllEnvs();
  });

  it('a model is refused, also one with a file that is a link', async () => {
    vi.stubEnv('REFT_FOLDERS', data);
    const obtain = (from: string) =>
      obtainModel(from, {
        store: fileAccess(data).store as never,
        hub: {},
        directory: data,
        onBytes: () => undefined,
        signal: new AbortController().signal,
      });
    await expect(obtain(other)).rejects.toMatchObject({ name: 'InvalidModel', message: /outside/ });
    await expect(obtain(data)).rejects.toMatchObject({ name: 'InvalidModel', message: /link\.json is a link/ });
    vi.unstubAllEnvs();
  });
});
