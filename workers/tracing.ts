/**
 * OpenTelemetry traces: a span for each workflow and each attempt of an activity, sent to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT`
 * names, as OTLP over HTTP. The exporter reads OpenTelemetry's other variables by itself. A collector that is away costs the spans, nothing else.
 */
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenTelemetrySinks } from '@temporalio/interceptors-opentelemetry';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import { tracesEndpoint } from './settings.js';

export interface Tracing {
  readonly activityInterceptor: ActivityInterceptorsFactory;
  /** What takes spans out of the workflows' sandbox. */
  readonly sinks: InjectedSinks<OpenTelemetrySinks>;
  /** Sends what is left, and ends. */
  close(): Promise<void>;
}

/** Part of the workflows' bundle where traces are wanted. Without it the bundle is as it was, and so are histories. */
export function tracingModules(): readonly string[] {
  if (tracesEndpoint() === undefined) return [];
  return [createRequire(import.meta.url).resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors')];
}

/** The end of a worker waits no longer for a collector. */
const longestCloseMs = 3_000;

/** Undefined where no traces are wanted: nothing of OpenTelemetry is loaded then. One at a time in a process. */
export async function openTracing(): Promise<Tracing | undefined> {
  if (tracesEndpoint() === undefined) return undefined;
  const [api, exporters, resources, sdk, temporal] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-node'),
    import('@temporalio/interceptors-opentelemetry'),
  ]);
  const named = resources.detectResourcesSync({ detectors: [resources.envDetectorSync, resources.hostDetectorSync] });
  const resource = new resources.Resource({ 'service.name': 'reft' }).merge(named);
  const processor = new sdk.BatchSpanProcessor(new exporters.OTLPTraceExporter());
  const provider = new sdk.NodeTracerProvider({ resource, spanProcessors: [processor] });
  provider.register();
  return {
    activityInterceptor: (context) => ({ inbound: new temporal.OpenTelemetryActivityInboundInterceptor(context) }),
    sinks: { exporter: temporal.makeWorkflowExporter(processor, resource) },
    async close() {
      await Promise.race([
        provider.shutdown().catch(() => undefined),
        sleep(longestCloseMs, undefined, { ref: false }),
      ]);
      api.trace.disable();
      api.context.disable();
      api.propagation.disable();
    },
  };
}
