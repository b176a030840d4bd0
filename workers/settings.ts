/** What environment variables say of this machine’s processes; wrong values are told before a command starts anything. */
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isCompiled } from '../activities/compiled.js';
import { at } from '../activities/invariant.js';
import { UsageError } from './command/usageError.js';
import { packageRoot } from './packageRoot.js';

const { REFT_STATE_DIR } = process.env;

/**
 * Everything that a run keeps on this machine: `REFT_STATE_DIR`, or `.data` in the checkout; of an installed package, which may be replaced
 * at any moment, `.reft` in the user's home, so that it is the same wherever the command runs.
 */
export const dataDirectory = REFT_STATE_DIR
  ? resolve(REFT_STATE_DIR)
  : isCompiled
    ? join(homedir(), '.reft')
    : join(packageRoot, '.data');
/** Copies of what is in S3, and files on their way there: on one disk, so that moving them is free. */
export const cacheDirectory = join(dataDirectory, 'cache');
export const workDirectory = join(dataDirectory, 'work');

const mostEngines = 64;

/**
 * How many tasks a worker trains and generates on at once: `REFT_ENGINES`.
 * One where nothing is asked for: a model of any size then has all cores and all memory.
 * @throws UsageError when the variable is no whole number from 1 to 64
 */
export function engineCount(environment: NodeJS.ProcessEnv = process.env): number {
  const { REFT_ENGINES: text } = environment;
  if (!text) return 1;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > mostEngines)
    throw new UsageError(`REFT_ENGINES is "${text}": allowed is a whole number from 1 to ${mostEngines}`);
  return count;
}

const usualCacheGibibytes = 4;
const mostCacheGibibytes = 2 ** 20;

/**
 * Most bytes of the local copies of what is in S3: `REFT_CACHE_GIB`.
 * @throws UsageError when the variable is no number of gibibytes
 */
export function cacheBytes(environment: NodeJS.ProcessEnv = process.env): number {
  const { REFT_CACHE_GIB: text } = environment;
  const gibibytes = text ? Number(text) : usualCacheGibibytes;
  if (gibibytes > 0 && gibibytes <= mostCacheGibibytes) return gibibytes * 2 ** 30;
  throw new UsageError(`REFT_CACHE_GIB is "${text}": allowed is a number from above 0 to ${mostCacheGibibytes}`);
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Where a worker serves its metrics to Prometheus: `REFT_METRICS_ADDRESS`.
 * Undefined where no metrics are wanted.
 * @throws UsageError when the variable is no IP address and port
 */
export function metricsAddress(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { REFT_METRICS_ADDRESS: address } = environment;
  if (!address) return undefined;
  parseAddress('REFT_METRICS_ADDRESS', address, 9464);
  return address;
}

/**
 * Where a worker tells probes whether it serves: `REFT_HEALTH_ADDRESS`.
 * Undefined where nobody asks.
 * @throws UsageError when the variable is no IP address and port
 */
export function healthAddress(environment: NodeJS.ProcessEnv = process.env): ListenAddress | undefined {
  const { REFT_HEALTH_ADDRESS: address } = environment;
  return address ? parseAddress('REFT_HEALTH_ADDRESS', address, 8236) : undefined;
}

/**
 * Where traces are sent: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT`.
 * Undefined where none are wanted.
 * @throws UsageError when the variable is no address, or `OTEL_EXPORTER_OTLP_PROTOCOL` asks for gRPC
 */
export function tracesEndpoint(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const name = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'].find((one) => environment[one]);
  const endpoint = name && environment[name];
  if (!endpoint) return undefined;
  if (!URL.canParse(endpoint) || !/^https?:\/\//.test(endpoint))
    throw new UsageError(`${name} is "${endpoint}": allowed is http(s)://host[:port], such as http://127.0.0.1:4318`);
  const { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_EXPORTER_OTLP_PROTOCOL } = environment;
  const protocol = OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json';
  if (!protocol.startsWith('http/'))
    throw new UsageError(`OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}": allowed is "http/json" or "http/protobuf"`);
  return endpoint;
}

function parseAddress(variable: string, address: string, usualPort: number): ListenAddress {
  const parts = /^(.+):(\d+)$/.exec(address);
  const host = parts === null ? '' : at(parts, 1).replace(/^\[(.*)\]$/, '$1');
  const port = parts === null ? Number.NaN : Number(at(parts, 2));
  if (isIP(host) !== 0 && port <= 65_535) return { host, port };
  throw new UsageError(
    `${variable} is "${address}": allowed is an IP address and a port, such as 127.0.0.1:${usualPort}`,
  );
}
