/** The SDK's runtime for this process: our logger, Ctrl-C left to the command, and metrics for Prometheus where asked for. */
import { Runtime } from '@temporalio/worker';
import { logger } from './log.js';
import { metricsAddress } from './settings.js';

/** How often a worker tells the server that it lives, busy or not. */
export const workerHeartbeatMs = 2_000;

/** Must be called before the first worker or connection is made. */
export function installRuntime(): void {
  const bindAddress = metricsAddress();
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
