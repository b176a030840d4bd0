/**
 * Which proxy a request goes through: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, as curl and Go read them.
 *
 * One rule for S3 and for downloads. Node's packages for it compare host names exactly and know no ranges of addresses, so a
 * `NO_PROXY` that holds for every other program of a machine would not hold here.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { InvalidSettings } from '../errors.js';

/** True when some proxy is named at all. */
export function namesProxy(environment: NodeJS.ProcessEnv = process.env): boolean {
  return ['http:', 'https:'].some((protocol) => variableFor(protocol, environment) !== undefined);
}

/**
 * The proxy for requests to `address`; undefined where they go there directly.
 * @throws InvalidSettings when the variable names no http(s) address
 */
export function proxyFor(address: URL, environment: NodeJS.ProcessEnv = process.env): URL | undefined {
  const name = variableFor(address.protocol, environment);
  if (name === undefined || isExempt(address, environment.no_proxy || environment.NO_PROXY || '')) return undefined;
  return parseProxy(name, environment[name] ?? '');
}

/** Small letters come first, as in curl. A variable that is empty is not set. */
function variableFor(protocol: string, environment: NodeJS.ProcessEnv): string | undefined {
  const scheme = protocol.replace(/:$/, '');
  const names = [`${scheme}_proxy`, `${scheme.toUpperCase()}_PROXY`, 'all_proxy', 'ALL_PROXY'];
  return names.find((name) => environment[name]);
}

function parseProxy(name: string, value: string): URL {
  const address = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new InvalidSettings(
      `${name} is ${JSON.stringify(value.replace(/[^/@]*@/, '…@'))}: allowed is http(s)://[user:password@]host[:port]`,
    );
  return new URL(address);
}

/** Whether one of the entries names the address: `*`, a host with its subdomains, an IP address or a range, each with a port or not. */
function isExempt({ protocol, hostname, port }: URL, entries: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  return entries
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, named = entry, wantedPort = ownPort] = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
      return wantedPort === ownPort && isNamed(host, named.replace(/^\[(.*)\]$/, '$1'));
    });
}

function isNamed(host: string, entry: string): boolean {
  if (entry === '*') return true;
  const [network = '', bits] = entry.split('/');
  if (bits !== undefined) return isIP(host) !== 0 && isInRange(host, network, Number(bits));
  const name = entry.replace(/^\*?\./, '');
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

/** An entry that is no range names nothing. */
function isInRange(host: string, network: string, bits: number): boolean {
  const range = new BlockList();
  try {
    range.addSubnet(network, bits, isIPv6(network) ? 'ipv6' : 'ipv4');
  } catch {
    return false;
  }
  return range.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}
