/** Which proxy a request goes through, by the variables that curl and Go read. */
import { describe, expect, it } from 'vitest';
import { namesProxy, proxyFor } from '../../../activities/network/proxies.js';

const proxy = 'http://127.0.0.1:3128';
const through = (address: string, environment: NodeJS.ProcessEnv): string | undefined =>
  proxyFor(new URL(address), environment)?.href.replace(/\/$/, '');

describe('case proxy: a request goes through', () => {
  it.each([
    ['https://hub.example', { HTTPS_PROXY: proxy }, proxy],
    ['http://hub.example', { HTTPS_PROXY: proxy }, undefined],
    ['http://hub.example', { HTTP_PROXY: proxy }, proxy],
    ['http://hub.example', { http_proxy: proxy, HTTP_PROXY: 'http://other:1' }, proxy],
    ['http://hub.example', { http_proxy: '', HTTP_PROXY: proxy }, proxy],
    ['https://hub.example', { ALL_PROXY: proxy }, proxy],
    ['https://hub.example', { all_proxy: 'http://other:1', HTTPS_PROXY: proxy }, proxy],
    ['https://hub.example', { HTTPS_PROXY: '127.0.0.1:3128' }, proxy],
    ['https://hub.example', { HTTPS_PROXY: 'https://user:pass@proxy' }, 'https://user:pass@proxy'],
    ['http://127.0.0.1:9000', { HTTP_PROXY: proxy }, proxy],
    ['https://hub.example', {}, undefined],
    ['https://hub.example', { HTTPS_PROXY: '' }, undefined],
  ])('%s with %j: %s', (address, environment, expected) => {
    expect(through(address, environment)).toBe(expected);
    expect(namesProxy({ ...environment })).toBe(Object.values(environment).some((value) => value !== ''));
  });
});

describe('case proxy: NO_PROXY', () => {
  it.each([
    ['*', 'http://anything'],
    ['a.example, hub.example', 'http://hub.example'],
    ['a.example hub.example', 'http://hub.example'],
    ['example', 'http://s3.hub.example'],
    ['.example', 'http://hub.example'],
    ['*.example', 'http://hub.example'],
    ['HUB.Example', 'http://hub.example'],
    ['hub.example:80', 'http://hub.example'],
    ['hub.example:9000', 'http://hub.example:9000'],
    ['127.0.0.1', 'http://127.0.0.1:9000'],
    ['10.0.0.0/8', 'http://10.1.2.3'],
    ['::1', 'http://[::1]:9000'],
    ['[::1]:9000', 'http://[::1]:9000'],
    ['fd00::/8', 'http://[fd12::1]'],
  ])('%s exempts %s', (entries, address) => {
    expect(through(address, { HTTP_PROXY: proxy, NO_PROXY: entries })).toBeUndefined();
    expect(through(address, { HTTP_PROXY: proxy, no_proxy: entries, NO_PROXY: 'other' })).toBeUndefined();
  });

  it.each([
    ['', 'http://hub.example'],
    ['ample', 'http://hub.example'],
    ['b.example', 'http://hub.example'],
    ['hub.example:443', 'http://hub.example'],
    ['s3.hub.example', 'http://hub.example'],
    ['10.0.0.0/8', 'http://11.1.2.3'],
    ['10.0.0.0/8', 'http://hub.example'],
    ['10.0.0.0/99', 'http://10.1.2.3'],
    ['0.0.1', 'http://10.0.0.1'],
  ])('%s does not exempt %s', (entries, address) => {
    expect(through(address, { HTTP_PROXY: proxy, NO_PROXY: entries })).toBe(proxy);
  });
});

describe('what names no proxy is refused, without its password', () => {
  it.each(['socks5://user:secret@proxy:1080', 'http://', 'ftp://proxy'])('%s', (value) => {
    const ask = () => proxyFor(new URL('https://hub.example'), { HTTPS_PROXY: value });
    expect(ask).toThrow(/^HTTPS_PROXY is ".*": allowed is http\(s\):\/\/\[user:password@\]host\[:port\]$/);
    expect(ask).toThrow(expect.objectContaining({ name: 'InvalidSettings' }));
    expect(ask).not.toThrow('secret');
  });
});
