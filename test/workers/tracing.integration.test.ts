/** A run's traces, as a collector gets them: one trace, with a span for the workflow and for each of its activities. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';
import { startTestStack, type TestStack } from '../support/stack.js';
import { startWorkerProcess } from '../support/workerProcess.js';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly Attribute[];
}
/** As OTLP has it. */
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

const paths = new Set<string | undefined>();
const spans: Span[] = [];
const services = new Set<string | undefined>();
const collector = createServer((request, response) => {
  paths.add(request.url);
  void (json(request) as Promise<Export>).then(({ resourceSpans }) => {
    for (const { resource, scopeSpans } of resourceSpans) {
      services.add(resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue);
      spans.push(...scopeSpans.flatMap((scope) => scope.spans));
    }
    response.end('{}');
  });
});

let stack: TestStack;
let connection: Connection;
beforeAll(async () => {
  stack = await startTestStack();
  connection = await Connection.connect({ address: stack.temporal.address });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
});
afterAll(async () => {
  await connection?.close();
  await stack?.stop();
  collector.close();
});

it('a worker sends a run’s spans, to the last', async () => {
  const { port } = collector.address() as AddressInfo;
  const worker = await startWorkerProcess(stack, undefined, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_SERVICE_NAME: 'reft-of-the-test',
    // Longer than the run: what is left is sent when the worker ends.
    OTEL_BSP_SCHEDULE_DELAY: '600000',
  });
  const { workflow } = new Client({ connection });
  const input = { preset: 'smoke', sft: null, warmUp: { epochs: 1 }, ppo: { epochs: 1 } };
  const handle = await workflow.start('reft', { taskQueue: 'reft', workflowId: 'traced', args: [input] });
  await handle.result();
  expect(await worker.end()).toMatchObject({ code: 0 });

  expect([...paths]).toEqual(['/v1/traces']);
  expect([...services]).toEqual(['reft-of-the-test']);
  const root = required(
    spans.find(({ name }) => name === 'RunWorkflow:reft'),
    'the span of the workflow',
  );
  const ofRun = spans.filter(({ traceId }) => traceId === root.traceId);
  const { events } = await handle.fetchHistory();
  const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: activity }) =>
    activity ? [`RunActivity:${activity.activityType?.name}`] : [],
  );
  const run = ofRun.filter(({ name }) => name.startsWith('RunActivity:'));
  expect(scheduled.length).toBeGreaterThan(8);
  expect(run.map(({ name }) => name).sort()).toEqual(scheduled.sort());
  // Of each the parent is the workflow's own span for it, and of that one the workflow's.
  for (const { name, parentSpanId, attributes } of run) {
    const start = ofRun.find(({ spanId }) => spanId === parentSpanId);
    expect(start).toMatchObject({ name: name.replace('Run', 'Start'), parentSpanId: root.spanId });
    expect(attributes).toContainEqual({ key: 'temporalWorkflowId', value: { stringValue: 'traced' } });
  }
}, 300_000);
