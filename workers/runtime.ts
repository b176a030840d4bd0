/** The SDK's runtime for this process: warnings only, Ctrl-C left to the command, and metrics for Prometheus where asked for. */
import { DefaultLogger, type LogMetadata, Runtime } from '@temporalio/worker';
import { metricsAddress } from './metricsAddress.js';

/** What the engine's worker, which serves no workflows, is told each time. */
const expected = /^No workflows registered/;

/** How often a worker tells the server that it lives, busy or not. */
export const workerHeartbeatMs = 2_000;

/** Must be called before the first worker or connection is made. */
export function installRuntime(): void {
  const bindAddress = metricsAddress();
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (!expected.test(message)) console.error(`${level} ${message}`, describe(meta));
  });
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

/** Enough to find the activity in Temporal's UI; the whole error is in the run's history. */
function describe(meta: LogMetadata | undefined): string {
  const { workflowId, activityType, attempt, error } = meta ?? {};
  const given = { workflowId, activityType, attempt, error: error && String(error) };
  return Object.entries(given)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join(' ');
}
