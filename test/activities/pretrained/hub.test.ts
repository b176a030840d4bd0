/** Downloads from a server that speaks the hub's API: checked, continued where they broke off, refused clearly. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type HubAccess, hubFromEnvironment } from '../../../activities/pretrained/hub.js';
import { obtainModel } from '../../../activities/pretrained/obtainModel.js';
import { createMemoryStore } from '../data/memoryStore.js';
import { commit, type HubServer, startHub } from './hubServer.js';
import { temporaryDirectory, writeFolder } from './modelFolders.js';

const weights = 'model.safetensors';
const token = 'hf_secret';
let hub: HubServer;
let directory: string;
let bytes: number;
const root = await temporaryDirectory();
const folder = await writeFolder(join(root, 'model'), 'gpt2');
let attempt = 0;

beforeEach(async () => {
  const names = await readdir(folder);
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const));
  hub = await startHub(new Map(files), token);
  directory = join(root, `downloads-${attempt++}`);
  bytes = 0;
});

const obtain = (from = 'hf:org/tiny', access: HubAccess = { endpoint: `${hub.endpoint}/`, token }) =>
  obtainModel(from, {
    store: createMemoryStore(),
    hub: access,
    directory,
    signal: new AbortController().signal,
    onBytes: (arrived) => {
      bytes += arrived;
    },
  });
const contentRequests = () => hub.requests.filter(({ path, range }) => path.endsWith(weights) && range !== 'bytes=0-0');

describe('a model of the hub', () => {
  it.each(['hf:org/tiny', 'hf:org/tiny@v1'])('is downloaded whole, of one commit: %s', async (from) => {
    const obtained = await obtain(from);
    expect(obtained.name).toBe(`hf:org/tiny@${commit}`);
    for (const [name, content] of hub.files) expect(await readFile(join(obtained.directory, name))).toEqual(content);
    expect(hub.requests.every((request) => request.token === `Bearer ${token}`)).toBe(true);
    expect(bytes).toBe([...hub.files.values()].reduce((sum, content) => sum + content.length, 0));
    await obtained.release();
    await expect(readdir(obtained.directory)).rejects.toThrow();
  });

  it('is of the hub that HF_ENDPOINT names, read with HF_TOKEN', async () => {
    const { name } = await obtain('hf:org/tiny', hubFromEnvironment({ HF_ENDPOINT: hub.endpoint, HF_TOKEN: token }));
    expect(name).toBe(`hf:org/tiny@${commit}`);
    expect(hub.requests.every((request) => request.token === `Bearer ${token}`)).toBe(true);
    // Anyone may ask without a token, so the hub hears of none that is empty.
    const without = hubFromEnvironment({ HF_ENDPOINT: hub.endpoint, HF_TOKEN: '' });
    await expect(obtain('hf:org/tiny', without)).rejects.toThrow(/answers 401/);
    expect(hub.requests.at(-1)?.token).toBeUndefined();
    expect(hubFromEnvironment({})).toMatchObject({ endpoint: undefined, token: undefined });
  });

  it.each(['plain-token-of-a-mirror', 'eyJhbGciOi.J9.c2lnbmF0dXJl', 'a:b/c+d==', 'hf_of_a_mirror', 'two words'])(
    'case hub-token: is read from a hub of one’s own with a token of any form, sent as it is: %s',
    async (plain) => {
      const mirror = await startHub(hub.files, plain);
      const access = hubFromEnvironment({ HF_ENDPOINT: mirror.endpoint, HF_TOKEN: plain });
      expect((await obtain('hf:org/tiny', access)).name).toBe(`hf:org/tiny@${commit}`);
      expect(new Set(mirror.requests.map((request) => request.token))).toEqual(new Set([`Bearer ${plain}`]));
    },
  );

  it('case hub-token: tells the token to nobody that the hub leads to', async () => {
    const storage = await startHub(hub.files);
    hub.leadsTo = storage.endpoint;
    const obtained = await obtain();
    expect(await readFile(join(obtained.directory, weights))).toEqual(hub.files.get(weights));
    expect(new Set(storage.requests.map((request) => request.token))).toEqual(new Set([undefined]));
  });

  it('goes on where it broke off', async () => {
    hub.breakOff = { file: weights, bytes: 10_000 };
    await expect(obtain()).rejects.toMatchObject({
      name: 'DownloadFailed',
      message: expect.stringMatching(/broke off/),
    });
    const obtained = await obtain();
    expect(await readFile(join(obtained.directory, weights))).toEqual(hub.files.get(weights));
    const [first, second] = contentRequests();
    expect(first?.range).toBeUndefined();
    const [, start = ''] = /^bytes=(\d+)-/.exec(second?.range ?? '') ?? [];
    expect(Number(start)).toBeGreaterThan(0);
    expect(Number(start)).toBeLessThanOrEqual(10_000);
    // What had arrived before is not asked for again.
    expect(contentRequests()).toHaveLength(2);
    expect(hub.requests.filter(({ path }) => path.endsWith('/config.json'))).toHaveLength(2);
  });

  it('fetches anew what does not have the hub’s hash', async () => {
    for (const file of ['config.json', weights]) {
      hub.corrupt = file;
      await expect(obtain()).rejects.toMatchObject({ name: 'DownloadFailed', message: expect.stringMatching(file) });
    }
    const obtained = await obtain();
    expect(await readFile(join(obtained.directory, weights))).toEqual(hub.files.get(weights));
  });

  it('comes in shards where it has no single file', async () => {
    const sharded = await writeFolder(join(root, `sharded-${attempt}`), 'gpt2', { shards: 3 });
    hub.files.delete(weights);
    for (const name of await readdir(sharded)) hub.files.set(name, await readFile(join(sharded, name)));
    const obtained = await obtain();
    expect((await readdir(obtained.directory)).filter((name) => name.endsWith('.safetensors'))).toHaveLength(3);
  });
});

describe('a download has a limit', () => {
  const downloads = () => hub.requests.filter(({ path }) => path.includes('/resolve/'));
  const access = (mostBytes: number): HubAccess => ({ endpoint: hub.endpoint, token, mostBytes });
  const bytesOf = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + (hub.files.get(name)?.length ?? 0), 0);

  it('of all files together, refused before the first byte', async () => {
    const all = bytesOf([...hub.files.keys()]);
    await expect(obtain('hf:org/tiny', access(all - 1))).rejects.toMatchObject({
      name: 'InvalidModel',
      message: expect.stringMatching(
        /^hf:org\/tiny@main: its files have [\d.e-]+ GiB, and [\d.e-]+ GiB may be downloaded; set REFT_DOWNLOAD_GIB for the worker to a larger number$/,
      ),
    });
    expect(downloads()).toEqual([]);
    await obtain('hf:org/tiny', access(all));
  });

  it('of all shards', async () => {
    const sharded = await writeFolder(join(root, `limited-${attempt}`), 'gpt2', { shards: 3 });
    hub.files.delete(weights);
    for (const name of await readdir(sharded)) hub.files.set(name, await readFile(join(sharded, name)));
    const all = bytesOf([...hub.files.keys()].filter((name) => !name.includes('index')));
    await expect(obtain('hf:org/tiny', access(all - 1))).rejects.toMatchObject({ name: 'InvalidModel' });
    expect(downloads().filter(({ path }) => path.endsWith('.safetensors'))).toEqual([]);
    await obtain('hf:org/tiny', access(all));
  });

  it('that is the room on the disk, less what is there already', async () => {
    hub.announces.set(weights, 2 ** 60);
    await expect(obtain('hf:org/tiny', access(2 ** 61))).rejects.toMatchObject({
      name: 'DiskFull',
      message: expect.stringMatching(/ GiB are to be downloaded, and the disk of .* has room for [\d.]+ GiB$/),
    });
    expect(downloads()).toEqual([]);
  });

  it('of what a file was announced to have', async () => {
    hub.announces.set(weights, 2_000);
    await expect(obtain()).rejects.toMatchObject({
      name: 'DownloadFailed',
      message: expect.stringMatching(/model\.safetensors broke off: .*more than the 2000 bytes that the hub announced/),
    });
  });

  it('that the worker’s environment says', () => {
    expect(hubFromEnvironment({}).mostBytes).toBe(64 * 2 ** 30);
    expect(hubFromEnvironment({ REFT_DOWNLOAD_GIB: '0.5' }).mostBytes).toBe(2 ** 29);
    for (const wrong of ['0', '-1', 'much', '64GiB', 'NaN', '1e9'])
      expect(() => hubFromEnvironment({ REFT_DOWNLOAD_GIB: wrong })).toThrow(
        `REFT_DOWNLOAD_GIB is "${wrong}": allowed is a number from above 0 to 1048576`,
      );
  });
});

describe('what cannot be had is refused at once', () => {
  it.each([
    ['a model that is not there', () => obtain('hf:org/none'), /hf:org\/none@main at http.*answers 404/],
    [
      'a wrong token',
      () => obtain('hf:org/tiny', { endpoint: hub.endpoint, token: 'hf_other' }),
      /answers 401.*HF_TOKEN/,
    ],
    ['a folder that is not there', () => obtain('/no/such/folder'), /\/no\/such\/folder cannot be read .* outside/],
  ])('%s', async (_, attempt, message) => {
    await expect(attempt()).rejects.toMatchObject({ name: 'InvalidModel', message: expect.stringMatching(message) });
  });

  it.each([
    ['a token that the public hub does not give', { token: 'x' }, /HF_TOKEN must start with hf_/],
    ['the same with its address', { endpoint: 'https://huggingface.co/', token: 'x' }, /HF_TOKEN must start with hf_/],
    ['a token with a line break', { endpoint: 'http://hub', token: 'a\n' }, /HF_TOKEN holds a line break/],
    ['a token beyond ASCII', { endpoint: 'http://hub', token: 'clé' }, /HF_TOKEN holds .* beyond ASCII/],
    ['a hub without an address', { endpoint: 'hub.example' }, /HF_ENDPOINT is "hub.example": allowed is an http/],
  ])('case hub-token: %s', async (_, access, message) => {
    const attempt = obtain('hf:org/tiny', access);
    await expect(attempt).rejects.toMatchObject({ name: 'InvalidSettings', message: expect.stringMatching(message) });
  });

  it.each([weights, 'tokenizer.json', 'config.json'])('a model without %s', async (name) => {
    hub.files.delete(name);
    await expect(obtain()).rejects.toMatchObject({ name: 'InvalidModel', message: expect.stringContaining(name) });
  });
});
