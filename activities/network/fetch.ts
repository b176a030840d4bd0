/**
 * `fetch` for whatever is read from the web: through the proxies that the environment names, and to no address that is refused. Where a
 * proxy connects to is the proxy's to decide: only addresses that are written as numbers are refused before it.
 */
import type { Dispatcher, ProxyAgent } from 'undici';
import { addressRule } from './addresses.js';
import { proxyFor } from './proxies.js';

type Fetch = (address: string | URL, options?: RequestInit) => Promise<Response>;

/** Made at the first request; connections are kept. */
let fetchByRules: Promise<Fetch> | undefined;

/**
 * As the global `fetch`, which knows neither rule. Each redirection is decided anew.
 * @throws InvalidSettings when a variable names no proxy, or no address
 */
export async function fetchFromWeb(address: string | URL, options?: RequestInit): Promise<Response> {
  // Before undici sees the address, which would wrap the error into one of the network.
  proxyFor(new URL(address));
  fetchByRules ??= createFetch();
  return (await fetchByRules)(address, options);
}

async function createFetch(): Promise<Fetch> {
  const rule = addressRule(process.env);
  // Loaded only here: not every worker reads from the web.
  const { Agent, ProxyAgent, fetch: fetchWith } = await import('undici');
  const proxies = new Map<string, ProxyAgent>();
  const dispatcherOf = (proxy: URL): Dispatcher => {
    const known = proxies.get(proxy.href) ?? new ProxyAgent({ uri: proxy.href, proxyTunnel: false });
    proxies.set(proxy.href, known);
    return known;
  };
  const { lookup } = rule;
  const dispatcher = new Agent({ connect: { lookup } }).compose((dispatch) => (request, handler) => {
    const origin = new URL(String(request.origin));
    rule.check(origin);
    const proxy = proxyFor(origin);
    return proxy === undefined ? dispatch(request, handler) : dispatcherOf(proxy).dispatch(request, handler);
  });
  // The package's types differ from those that Node has of the same classes.
  const fetchThrough = fetchWith as unknown as (
    address: string | URL,
    options: RequestInit & { readonly dispatcher: Dispatcher },
  ) => Promise<Response>;
  return (address, options) => fetchThrough(address, { ...options, dispatcher });
}
