/**
 * Sends the requests of the client of S3: through the proxies that the environment names, and trusting an authority of one's own.
 *
 * A secure request goes through a tunnel (`CONNECT`), which the proxy cannot look into. Of another the proxy is told the whole
 * address, and sends it itself: many refuse tunnels to ports other than 443.
 */
import type { ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsOptions } from 'node:https';
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import { Agent, type AgentConnectOpts } from 'agent-base';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { namesProxy, proxyFor } from './proxies.js';

export interface OutgoingOptions {
  /** Certificates (PEM) of the authorities to trust, instead of those that Node trusts. */
  readonly authorities?: string | undefined;
  /** Whether the environment's proxies are used. */
  readonly proxies: boolean;
  /** Milliseconds until a connection has to be made, and between bytes. */
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
}

/** Connections to one server at a time, as many as the client keeps by itself. */
const maxSockets = 50;

/** What the client takes as its `requestHandler`. */
export function requestHandlerFor(options: OutgoingOptions): NodeHttpHandler | NodeHttpHandlerOptions {
  const { authorities, proxies, ...timeouts } = options;
  const kept = { keepAlive: true, maxSockets, ...(authorities === undefined ? {} : { ca: authorities }) };
  if (proxies && namesProxy()) return new ProxyingHandler(kept, timeouts);
  return authorities === undefined ? timeouts : { ...timeouts, httpsAgent: new HttpsAgent(kept) };
}

type Handle = NodeHttpHandler['handle'];
type Request = Parameters<Handle>[0];

class ProxyingHandler extends NodeHttpHandler {
  constructor(kept: HttpsOptions, timeouts: NodeHttpHandlerOptions) {
    // What it lacks of an agent for https are members that the handler does not read.
    super({ ...timeouts, httpsAgent: new TunnellingAgent(kept) as unknown as HttpsAgent });
  }

  override handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    return super.handle(request.protocol === 'http:' ? addressedToProxy(request) : request, options);
  }
}

/** A plain request as its proxy wants it. Its header `host` stays that of the server, which the signature covers. */
function addressedToProxy(request: Request): Request {
  const origin = `http://${request.hostname}${request.port === undefined ? '' : `:${request.port}`}`;
  const proxy = proxyFor(new URL(origin));
  if (proxy === undefined) return request;
  const sent = request.clone();
  sent.protocol = proxy.protocol;
  sent.hostname = proxy.hostname;
  if (proxy.port === '') delete sent.port;
  else sent.port = Number(proxy.port);
  sent.path = `${origin}${request.path}`;
  if (proxy.username !== '') sent.headers['proxy-authorization'] = `Basic ${accountOf(proxy)}`;
  return sent;
}

function accountOf({ username, password }: URL): string {
  return Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
}

/** Decides for each secure request, by its address. The agents that it hands the request to keep the connections. */
class TunnellingAgent extends Agent {
  private readonly kept: HttpsOptions;
  private readonly agents = new Map<string, HttpAgent>();

  constructor({ ca, ...kept }: HttpsOptions) {
    // Requests take the authorities from here: the agent of a tunnel would trust them for the proxy alone.
    const own: HttpsOptions = { keepAlive: true, ...(ca === undefined ? {} : { ca }) };
    super(own);
    this.kept = kept;
  }

  override connect(_: ClientRequest, { host, port }: AgentConnectOpts): HttpAgent {
    const proxy = proxyFor(new URL(`https://${host?.includes(':') ? `[${host}]` : host}:${port}`));
    const key = proxy === undefined ? 'direct' : proxy.href;
    const agent = this.agents.get(key) ?? createAgent(proxy, this.kept);
    this.agents.set(key, agent);
    return agent;
  }

  override destroy(): void {
    for (const agent of this.agents.values()) agent.destroy();
    super.destroy();
  }
}

function createAgent(proxy: URL | undefined, options: HttpsOptions): HttpAgent {
  return proxy === undefined ? new HttpsAgent(options) : new HttpsProxyAgent(proxy, options);
}
