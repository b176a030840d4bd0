/** Traces switched on and off: nothing is loaded where none are wanted, and a collector that never answers holds up no worker's end. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import { afterEach, expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';
import { openTracing, tracingModules } from '../../workers/tracing.js';

const name = 'OTEL_EXPORTER_OTLP_ENDPOINT';
afterEach(() => {
  delete process.env[name];
});

it('is off unless a collector is named', async () => {
  expect(await openTracing()).toBeUndefined();
  expect(tracingModules()).toEqual([]);
});

it('waits a moment, and no longer, for a collector that does not answer', async () => {
  let asked = 0;
  const deaf = createServer(() => {
    asked += 1;
  }).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  process.env[name] = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`;
  const tracing = required(await openTracing(), 'traces');
  expect(tracingModules()).toHaveLength(1);
  trace.getTracer('test').startSpan('of the test').end();
  const begin = performance.now();
  await tracing.close();
  expect(asked).toBe(1);
  expect(performance.now() - begin).toBeLessThan(9_000);
  deaf.closeAllConnections();
  deaf.close();
});
