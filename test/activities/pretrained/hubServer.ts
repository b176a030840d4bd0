/** A small server that speaks as much of the Hugging Face hub's API as a download needs, and can break off in the middle. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

export const commit = 'c0ffee0000000000000000000000000000000000';

export interface HubServer {
  readonly endpoint: string;
  /** Files of the only model, `org/tiny`, and of the only data set, of the same name; those of 1 kB and more are LFS files. */
  readonly files: Map<string, Buffer>;
  /** Requests so far: method, path, range. */
  readonly requests: {
    readonly path: string;
    readonly range: string | undefined;
    readonly token: string | undefined;
  }[];
  /** Cuts the connection after so many bytes of a file's content, once. */
  breakOff: { file: string; bytes: number } | undefined;
  /** Sends a file's content with a byte changed, once. */
  corrupt: string | undefined;
  /** Sizes that it tells of files, where they are not the true ones. */
  readonly announces: Map<string, number>;
  /** Another server's address, to which requests for files are led. */
  leadsTo: string | undefined;
  /** Also gives files of the branch main, which the reader under test must not ask for: it may move meanwhile. */
  servesBranches: boolean;
}

const modelInfo = {
  _id: '1',
  id: 'org/tiny',
  sha: commit,
  private: false,
  downloads: 0,
  gated: false,
  likes: 0,
  lastModified: '2026-01-01',
};

const sha = (kind: string, ...parts: (string | Buffer)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash(kind)).digest('hex');

export async function startHub(files: Map<string, Buffer>, token?: string): Promise<HubServer> {
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterAll(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  const { port } = server.address() as AddressInfo;
  const hub: HubServer = {
    endpoint: `http://127.0.0.1:${port}`,
    files,
    requests: [],
    breakOff: undefined,
    corrupt: undefined,
    announces: new Map(),
    leadsTo: undefined,
    servesBranches: false,
  };

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: asked } = new URL(request.url ?? '', hub.endpoint);
    const pathname = asked.replace(/^(\/api)?\/datasets/, (_, api) => (api ? '/api/models' : ''));
    const { range, authorization } = request.headers;
    hub.requests.push({ path: asked, range, token: authorization });
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const [, revision, name = ''] = /^\/org\/tiny\/resolve\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const isServed = revision === commit || (revision === 'main' && hub.servesBranches);
    const content = isServed ? files.get(name) : undefined;
    if (token !== undefined && authorization !== `Bearer ${token}`) json({ error: 'Invalid credentials' }, 401);
    else if (/^\/api\/models\/org\/tiny\/revision\/(main|v1|refs%2Fconvert%2Fparquet)$/.test(pathname)) json(modelInfo);
    else if (pathname === `/api/models/org/tiny/tree/${commit}`)
      json([...files].map(([path, bytes]) => entry(path, bytes, hub.announces.get(path))));
    else if (content !== undefined && hub.leadsTo !== undefined)
      response.writeHead(302, { location: `${hub.leadsTo}${pathname}` }).end();
    else if (content === undefined) json({ error: 'Repository not found' }, 404);
    else sendFile(pathname.split('/').at(-1) ?? '', content, range, response);
  }

  function sendFile(file: string, content: Buffer, range: string | undefined, response: ServerResponse): void {
    const [, from = '0', to = String(content.length - 1)] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    let part = content.subarray(Number(from), Number(to) + 1);
    response.writeHead(range ? 206 : 200, {
      'content-length': part.length,
      etag: '"etag"',
      ...(range ? { 'content-range': `bytes ${from}-${to}/${content.length}` } : {}),
    });
    const isProbe = range === 'bytes=0-0';
    if (hub.breakOff?.file === file && !isProbe) {
      // Not at once: what a client has not read when a connection breaks is lost to it.
      response.write(part.subarray(0, hub.breakOff.bytes), () => setTimeout(() => response.destroy(), 500));
      hub.breakOff = undefined;
      return;
    }
    if (hub.corrupt === file && !isProbe) {
      part = Buffer.from(part);
      part[part.length - 1] = (part.at(-1) ?? 0) ^ 1;
      hub.corrupt = undefined;
    }
    response.end(part);
  }

  return hub;
}

function entry(path: string, content: Buffer, size = content.length): object {
  const oid = sha('sha1', `blob ${content.length}\0`, content);
  const lfs = { oid: sha('sha256', content), size, pointerSize: 130 };
  return { type: 'file', path, size, oid, ...(content.length >= 1_000 ? { lfs } : {}) };
}
