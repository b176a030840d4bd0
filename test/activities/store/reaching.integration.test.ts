/**
 * The ways to an S3 server: buckets in the host's name, forward proxies, an authority of one's own, temporary credentials. The
 * server is real, and so are the proxy and the certificate.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { usualDialect } from '../../../activities/store/s3/dialect.js';
import { findWayToRead } from '../../../activities/store/s3/probe.js';
import { createStore } from '../../../activities/store/store.js';
import { prepareBucket, type S3Access, s3FromEnvironment } from '../../../infra/s3/access.js';
import { setEnvironment } from '../../support/environment.js';
import { type ForwardProxy, startForwardProxy } from '../../support/forwardProxy.js';
import { type Front, type FrontOptions, rules, startFront } from './pickyFront.js';
import { findVersitygw, type ServerInHand, startServerInHand } from './s3Server.js';

const executable = await findVersitygw();
const authority = fileURLToPath(new URL('../../support/certificates/authority.pem', import.meta.url));

describe.skipIf(executable === null)('with versitygw (skipped where it is neither on PATH nor can be built)', () => {
  let server: ServerInHand;
  let proxy: ForwardProxy;
  let front: Front;
  let account: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };

  beforeAll(async () => {
    server = await startServerInHand(executable ?? '', '--virtual-domain', 's3.example');
    const { accessKeyId = '', secretAccessKey = '' } = server.access.credentials ?? {};
    account = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  });
  afterAll(() => server.close());

  beforeEach(async () => {
    // It leads every name to this machine, whose resolver knows none of them.
    proxy = await startForwardProxy();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await proxy.close();
    await front.close();
  });

  async function startFrontWith(options: Partial<FrontOptions> = {}): Promise<void> {
    front = await startFront(server.access.endpoint, { rules: [], ...options });
  }

  /** Writes and reads with what the variables say, as a worker does. */
  async function useStore(variables: Readonly<Record<string, string>>): Promise<S3Access> {
    setEnvironment({ ...account, ...variables });
    const given = s3FromEnvironment(process.env);
    if (given === null) throw new Error('S3_ENDPOINT is not set');
    const access = await prepareBucket(given);
    const open = () =>
      createStore({
        ...access,
        cacheDirectory: join(server.directory, randomBytes(8).toString('hex')),
        cacheBytes: 2 ** 30,
      });
    for (const bytes of [randomBytes(1000), randomBytes(9_000_000)]) {
      const ref = await open().putBytes(bytes);
      expect(bytes.equals(await open().getBytes(ref))).toBe(true);
    }
    return access;
  }

  describe('case s3-virtual-host: a server that refuses buckets in the path', () => {
    test('is found by the probe, and by a command that only reads', async () => {
      await startFrontWith({ rules: [rules.noPaths] });
      const endpoint = `http://s3.example:${front.port}`;
      const found = await useStore({ S3_ENDPOINT: endpoint, HTTP_PROXY: proxy.address });
      expect(found).toMatchObject({ addressing: 'virtual', dialect: usualDialect });
      expect(proxy.asked).toContainEqual(`GET http://reft.s3.example:${front.port}/write-check?x-id=GetObject`);
      const { bucket, region, credentials } = server.access;
      const given = { bucket, region, ...(credentials ? { credentials } : {}) };
      expect(await findWayToRead({ ...given, endpoint })).toEqual({ addressing: 'virtual' });
      expect(await findWayToRead({ ...given, endpoint: front.endpoint })).toEqual({ addressing: 'path' });
    });

    test.each([
      ['virtual', 'virtual'],
      ['path', 'path'],
      ['', 'path'],
    ])('S3_ADDRESSING="%s" of one that takes both means %s', async (S3_ADDRESSING, addressing) => {
      await startFrontWith();
      const variables = { S3_ENDPOINT: `http://s3.example:${front.port}`, HTTP_PROXY: proxy.address, S3_ADDRESSING };
      expect(await useStore(variables)).toMatchObject({ addressing });
    });

    test('is refused at the start where S3_ADDRESSING says path', async () => {
      await startFrontWith({ rules: [rules.noPaths] });
      const variables = {
        S3_ENDPOINT: `http://s3.example:${front.port}`,
        HTTP_PROXY: proxy.address,
        S3_ADDRESSING: 'path',
      };
      await expect(useStore(variables)).rejects.toThrow('SecondLevelDomainForbidden (HTTP 403)');
    });

    test('S3_ADDRESSING has two values', async () => {
      await startFrontWith();
      const started = useStore({ S3_ENDPOINT: front.endpoint, S3_ADDRESSING: 'host' });
      await expect(started).rejects.toThrow('S3_ADDRESSING is "host": allowed is "path" or "virtual"');
    });
  });

  describe('case proxy: S3', () => {
    test('over http is reached by requests that the proxy sends', async () => {
      await startFrontWith();
      await useStore({ S3_ENDPOINT: front.endpoint, HTTP_PROXY: proxy.address });
      expect(proxy.asked.length).toBe(front.asked.length);
      expect(proxy.asked.every((one) => one.includes(` ${front.endpoint}/reft/`))).toBe(true);
    });

    test.each([false, true])(
      'is reached with the user and password that the proxy asks for (https: %s)',
      async (isSecure) => {
        const guarded = await startForwardProxy('me:p@ss');
        const address = guarded.address.replace('//', '//me:p%40ss@');
        await startFrontWith({ isSecure });
        const variables = { HTTP_PROXY: address, HTTPS_PROXY: address, AWS_CA_BUNDLE: authority };
        await useStore({ S3_ENDPOINT: front.endpoint, ...variables });
        expect(front.asked.filter(({ headers }) => 'proxy-authorization' in headers)).toEqual([]);
        await guarded.close();
      },
    );

    test('over https is reached through tunnels, which are kept', async () => {
      await startFrontWith({ isSecure: true });
      await useStore({ S3_ENDPOINT: front.endpoint, HTTPS_PROXY: proxy.address, AWS_CA_BUNDLE: authority });
      expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT 127.0.0.1:${front.port}`]));
      expect(proxy.asked.length).toBeLessThan(front.asked.length);
    });

    test('is reached directly where NO_PROXY says so', async () => {
      await startFrontWith();
      await useStore({ S3_ENDPOINT: front.endpoint, HTTP_PROXY: proxy.address, NO_PROXY: '127.0.0.0/8' });
      expect(proxy.asked).toEqual([]);
    });

    test('that was started here is reached directly', async () => {
      await startFrontWith();
      setEnvironment({ HTTP_PROXY: 'http://127.0.0.1:1' });
      expect(await prepareBucket(server.access)).toMatchObject({ addressing: 'path' });
    });

    test('is not asked at all where the variable names no proxy', async () => {
      await startFrontWith();
      const started = useStore({ S3_ENDPOINT: front.endpoint, HTTP_PROXY: 'socks5://127.0.0.1:1' });
      await expect(started).rejects.toMatchObject({ name: 'InvalidSettings' });
      expect(front.asked).toEqual([]);
    });
  });

  describe('an authority of one’s own', () => {
    test('is trusted with AWS_CA_BUNDLE', async () => {
      await startFrontWith({ isSecure: true });
      await useStore({ S3_ENDPOINT: front.endpoint, AWS_CA_BUNDLE: authority });
    });

    test('is not trusted without', async () => {
      await startFrontWith({ isSecure: true });
      await expect(useStore({ S3_ENDPOINT: front.endpoint })).rejects.toThrow(/cannot be used: .*certificate/);
    });

    test('must be a file that is there', async () => {
      await startFrontWith({ isSecure: true });
      const started = useStore({ S3_ENDPOINT: front.endpoint, AWS_CA_BUNDLE: '/no/such.pem' });
      await expect(started).rejects.toThrow('AWS_CA_BUNDLE is "/no/such.pem", which cannot be read');
    });
  });

  describe('temporary credentials', () => {
    let tokens: Server;
    let asked: string[];
    beforeEach(async () => {
      asked = [];
      // A stand-in for the service that gives them out. The server knows no such credentials, and refuses them after reading them;
      // those that do are among the servers of `npm run s3-servers`.
      tokens = createServer(async (request, response) => {
        asked.push(await text(request));
        const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = account;
        const until = new Date(Date.now() + 3_600_000).toISOString();
        response.end(
          '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>' +
            `<Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey>` +
            `<SessionToken>of-this-session</SessionToken><Expiration>${until}</Expiration></Credentials>` +
            '</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>',
        );
      });
      tokens.listen(0, '127.0.0.1');
      await once(tokens, 'listening');
    });
    afterEach(() => {
      tokens.close();
      tokens.closeAllConnections();
    });

    const tokensSeen = () => new Set(front.asked.map(({ headers }) => headers['x-amz-security-token']));

    test('go with each request: AWS_SESSION_TOKEN', async () => {
      await startFrontWith();
      const started = useStore({ S3_ENDPOINT: front.endpoint, AWS_SESSION_TOKEN: 'given' });
      await expect(started).rejects.toThrow('cannot be used: InvalidToken');
      expect(tokensSeen()).toEqual(new Set(['given']));
    });

    test('are had for a web identity: AWS_WEB_IDENTITY_TOKEN_FILE, through the proxy as well', async () => {
      await startFrontWith();
      const file = join(server.directory, 'token');
      await writeFile(file, 'who-i-am');
      const { port } = tokens.address() as AddressInfo;
      const started = useStore({
        S3_ENDPOINT: front.endpoint,
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        AWS_WEB_IDENTITY_TOKEN_FILE: file,
        AWS_ROLE_ARN: 'arn:aws:iam::000000000000:role/worker',
        AWS_ENDPOINT_URL_STS: `http://sts.example:${port}`,
        HTTP_PROXY: proxy.address,
        NO_PROXY: '127.0.0.1',
      });
      await expect(started).rejects.toThrow('cannot be used: InvalidToken');
      expect(tokensSeen()).toEqual(new Set(['of-this-session']));
      expect(asked[0]).toContain('WebIdentityToken=who-i-am');
      expect(new Set(proxy.asked)).toEqual(new Set([`POST http://sts.example:${port}/`]));
    });
  });
});
