/** Where a worker serves its metrics to Prometheus: `REFT_METRICS_ADDRESS`, looked at before a command starts anything. */
import { isIP } from 'node:net';
import { UsageError } from './command/usageError.js';

/**
 * Undefined where no metrics are wanted.
 * @throws UsageError when the variable is no IP address and port
 */
export function metricsAddress(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { REFT_METRICS_ADDRESS: address } = environment;
  if (!address) return undefined;
  const [, host = '', port] = /^(.+):(\d+)$/.exec(address) ?? [];
  if (!isIP(host.replace(/^\[(.*)\]$/, '$1')) || Number(port) > 65_535)
    throw new UsageError(
      `REFT_METRICS_ADDRESS is "${address}": allowed is an IP address and a port, such as 127.0.0.1:9464`,
    );
  return address;
}
