/**
 * Models and data sets of the Hugging Face hub, or of a server that speaks its API.
 *
 * A branch is resolved to its commit first, so that all files are of one version. A file is checked against the hash the hub
 * has of it (sha256 of large files, git's of small ones); one that broke off goes on where it stopped.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { datasetInfo, downloadFile, HubApiError, type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { DownloadFailed, InvalidData, InvalidModel, InvalidSettings } from '../errors.js';
import { refusalIn } from '../network/addresses.js';
import { fetchFromWeb } from '../network/fetch.js';
import { checkDownload, downloadLimit } from './downloadLimit.js';
import type { ModelSource } from './source.js';

export interface HubAccess {
  /** `HF_ENDPOINT`; the public hub when left out. */
  readonly endpoint?: string | undefined;
  /** `HF_TOKEN`, for private and gated models. */
  readonly token?: string | undefined;
  /** What may be downloaded of one repository; the usual limit when left out. */
  readonly mostBytes?: number;
}

/**
 * The hub that a worker's environment names.
 * @throws InvalidSettings when its limit of downloads is none
 */
export function hubFromEnvironment(environment: NodeJS.ProcessEnv): HubAccess {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = environment;
  return { endpoint, token, mostBytes: downloadLimit(environment) };
}

const publicHub = 'https://huggingface.co';

/** What every call of the hub's client is given. */
interface HubOptions {
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

/**
 * The client itself takes tokens of the public hub's form only. Those of other hubs are of any form, so the token is put into the
 * requests here: into those to the hub, never into those to where it leads.
 * @throws InvalidSettings when the token cannot be one
 */
function hubOptions({ endpoint, token }: HubAccess): HubOptions {
  const hubUrl = (endpoint || publicHub).replace(/\/+$/, '');
  if (!URL.canParse(hubUrl) || !/^https?:$/.test(new URL(hubUrl).protocol))
    throw new InvalidSettings(`HF_ENDPOINT is ${JSON.stringify(endpoint)}: allowed is an http(s) address`);
  const { origin } = new URL(hubUrl);
  if (token && origin === publicHub && !token.startsWith('hf_'))
    throw new InvalidSettings(
      'HF_TOKEN must start with hf_, as tokens of the Hugging Face hub do; for another, set HF_ENDPOINT',
    );
  if (token && /[^\x20-\x7e]/.test(token))
    throw new InvalidSettings('HF_TOKEN holds a line break or a character beyond ASCII: no request can carry it');
  return {
    hubUrl,
    fetch(place, options) {
      const address = new URL(place instanceof Request ? place.url : place);
      const headers = new Headers(options?.headers);
      if (token && address.origin === origin) headers.set('authorization', `Bearer ${token}`);
      return fetchFromWeb(address, { ...options, headers });
    },
  };
}

/** A repository and a revision, and what else every call of the client is given. */
interface Asked extends HubOptions {
  readonly name: string;
  readonly revision: string;
}

type Kind = 'model' | 'dataset';

/** What the hub's two kinds of repository differ in. */
const kinds: Readonly<Record<Kind, KindOfRepository>> = {
  model: {
    info: (asked: Asked) => modelInfo({ ...asked, additionalFields: ['sha'] }),
    refused: InvalidModel,
    noun: 'model',
  },
  dataset: {
    info: (asked: Asked) => datasetInfo({ ...asked, additionalFields: ['sha'] }),
    refused: InvalidData,
    noun: 'data set',
  },
};

interface KindOfRepository {
  readonly info: (asked: Asked) => Promise<{ readonly sha: string }>;
  readonly refused: typeof InvalidModel | typeof InvalidData;
  readonly noun: string;
}

export interface HubRepository extends ModelSource {
  /** Paths of its files, those in folders included. */
  readonly files: readonly string[];
}

/**
 * @throws InvalidModel or InvalidData when the hub has no such model or data set, or the token may not read it; InvalidSettings for a
 * token or an address that cannot be one.
 */
export async function openHub(
  type: Kind,
  repository: string,
  revision: string,
  access: HubAccess,
): Promise<HubRepository> {
  const hub = hubOptions(access);
  const { hubUrl } = hub;
  const name = `hf:${repository}@${revision}`;

  const { sha } = await named(type, `${name} at ${hubUrl}`, () =>
    kinds[type].info({ name: repository, revision, ...hub }),
  );
  const repo = { type, name: repository };
  const files = new Map<string, ListFileEntry>();
  await named(type, `${name} at ${hubUrl}`, async () => {
    for await (const entry of listFiles({ repo, revision: sha, recursive: true, ...hub }))
      if (entry.type === 'file') files.set(entry.path, entry);
  });

  return {
    name: `hf:${repository}@${sha}`,
    files: [...files.keys()],
    async admit(wanted, directory) {
      const entries = wanted.flatMap((file) => files.get(file) ?? []);
      const present = await Promise.all(
        entries.map(async ({ path }) => {
          const target = join(directory, path);
          return (await sizeOf(target)) || (await sizeOf(partialOf(target)));
        }),
      );
      const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
      const download = { name, bytes: sum(entries.map(({ size }) => size)), present: sum(present), directory };
      await checkDownload(download, access.mostBytes ?? downloadLimit({}), kinds[type].refused);
    },
    async fetch(file, target, { onBytes, signal }) {
      const entry = files.get(file);
      if (entry === undefined) return false;
      const partial = partialOf(target);
      const present = await sizeOf(partial);
      // One longer than the file is of no use.
      const start = present > entry.size ? 0 : present;
      await writeFile(partial, '', { flag: start === 0 ? 'w' : 'a' });
      onBytes(start);
      if (start < entry.size) {
        // Xet, the hub's other protocol, cannot go on in the middle of a file.
        const blob = await named(type, `${name}: ${file}`, () =>
          downloadFile({ repo, path: file, revision: sha, xet: false, ...hub }),
        );
        if (blob === null) return false;
        const body = Readable.fromWeb(blob.slice(start).stream() as ReadableStream<Uint8Array>);
        const announced = async function* (): AsyncGenerator<Uint8Array> {
          let bytes = start;
          for await (const chunk of body as AsyncIterable<Uint8Array>) {
            bytes += chunk.byteLength;
            if (bytes > entry.size) throw new Error(`more than the ${entry.size} bytes that the hub announced came`);
            onBytes(chunk.byteLength);
            yield chunk;
          }
        };
        await pipeline(announced, createWriteStream(partial, { flags: 'a' }), { signal }).catch((error: unknown) => {
          signal.throwIfAborted();
          throw new DownloadFailed(`${name}: the download of ${file} broke off: ${error}`, { cause: error });
        });
      }
      await verify(partial, entry, `${name}: ${file}`);
      await rename(partial, target);
      return true;
    },
  };
}

/** Refusals become InvalidModel or InvalidData; whatever may pass is thrown as it is. */
async function named<T>(type: Kind, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { refused, noun } = kinds[type];
    const refusal = refusalIn(error);
    if (refusal) throw new refused(`${what}: ${refusal.message}`, { cause: error });
    if (!(error instanceof HubApiError) || ![400, 401, 403, 404].includes(error.statusCode)) throw error;
    const reason = `the hub answers ${error.statusCode}`;
    throw new refused(`${what}: ${reason}: no such ${noun}, or HF_TOKEN may not read it`, { cause: error });
  }
}

/** A file shorter than announced is kept, to go on with; one of other content is removed. */
async function verify(path: string, { size, oid, lfs }: ListFileEntry, what: string): Promise<void> {
  const got = await sizeOf(path);
  if (got < size) throw new DownloadFailed(`${what}: the download broke off at ${got} of ${size} bytes`);
  const hash = lfs ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  await pipeline(createReadStream(path), hash);
  const digest = hash.digest('hex');
  if (digest === (lfs?.oid ?? oid)) return;
  await rm(path);
  throw new DownloadFailed(`${what}: its hash is ${digest}, the hub says ${lfs?.oid ?? oid}; it is to be fetched anew`);
}

/** Where a file lies that is not all there yet. */
function partialOf(target: string): string {
  return `${target}.partial`;
}

/** A file that is not there has no bytes. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found === null ? 0 : found.size;
}
