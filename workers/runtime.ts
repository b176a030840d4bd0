/** The SDK's runtime for this process: our logger, Ctrl-C left to the command, and metrics for Prometheus where asked for. */
import { Runtime } from '@temporalio/worker';
import { messageOf } from '../activities/errors.js';
import { UsageError } from './command/usageError.js';
import { logger } from './log.js';
import { metricsAddress } from './settings.js';

/** How often a worker tells the server that it lives, busy or not. */
export const workerHeartbeatMs = 2_000;

/**
 * Must be called before the first worker or connection is made.
 * @throws UsageError when no metrics can be served at the address that `REFT_METRICS_ADDRESS` names
 */
export function installRuntime(): void {
  const bindAddress = metricsAddress();
  try {
    install(bindAddress);
  } catch (error) {
    const [, reason] = /prometheus metrics exporter: (.*)/.exec(messageOf(error)) ?? [];
    if (reason === undefined) throw error;
    throw new UsageError(
      `REFT_METRICS_ADDRESS is "${bindAddress}", where no metrics can be served: ${reason}. ` +
        'Another worker may be there: each needs a port of its own',
    );
  }
}

function install(bindAddress: string | undefined): void {
  Runtime.install({
    logger,
    workerHeartbeatInterval: workerHeartbeatMs,
    // The command stops worker and servers in order.
    shutdownSignals: [],
    // Lost connections are told of by whoever gives up; each of their retries would be a line.
    telemetryOptions: {
      logging: { filter: 'error,temporalio_sdk_core=warn', forward: {} },
      // The SDK's own metrics and a run's metrics, at `/metrics`.
      ...(bindAddress ? { metrics: { prometheus: { bindAddress } } } : {}),
    },
  });
}
