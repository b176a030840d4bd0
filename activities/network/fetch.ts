/** `fetch` for whatever is read from the web: through the proxies that the environment names. */
import type { Dispatcher, ProxyAgent } from 'undici';
import { namesProxy, proxyFor } from './proxies.js';

type Fetch = (address: string | URL, options?: RequestInit) => Promise<Response>;

/** Made at the first request that has a proxy; connections to a proxy are kept. */
let throughProxies: Promise<Fetch> | undefined;

/**
 * As the global `fetch`, which knows no proxies. Each redirection is decided anew.
 * @throws InvalidSettings when a variable names no proxy
 */
export async function fetchFromWeb(address: string | URL, options?: RequestInit): Promise<Response> {
  if (!namesProxy()) return fetch(address, options);
  // Before undici sees the address, which would wrap the error into one of the network.
  proxyFor(new URL(address));
  throughProxies ??= proxyingFetch();
  return (await throughProxies)(address, options);
}

async function proxyingFetch(): Promise<Fetch> {
  // Loaded only here: most machines have no proxy.
  const { Agent, ProxyAgent, fetch: fetchWith } = await import('undici');
  const proxies = new Map<string, ProxyAgent>();
  const dispatcherOf = (proxy: URL): Dispatcher => {
    const known = proxies.get(proxy.href) ?? new ProxyAgent({ uri: proxy.href, proxyTunnel: false });
    proxies.set(proxy.href, known);
    return known;
  };
  const dispatcher = new Agent().compose((dispatch) => (request, handler) => {
    const proxy = proxyFor(new URL(String(request.origin)));
    return proxy === undefined ? dispatch(request, handler) : dispatcherOf(proxy).dispatch(request, handler);
  });
  // The package's types differ from those that Node has of the same classes.
  const fetchThrough = fetchWith as unknown as (
    address: string | URL,
    options: RequestInit & { readonly dispatcher: Dispatcher },
  ) => Promise<Response>;
  return (address, options) => fetchThrough(address, { ...options, dispatcher });
}
