/** What environment variables may say: the number of engines, and where metrics and health are served. */
import { describe, expect, it } from 'vitest';
import { cacheBytes, engineCount, healthAddress, metricsAddress, tracesEndpoint } from '../../workers/settings.js';

describe('REFT_METRICS_ADDRESS', () => {
  it.each(['127.0.0.1:9464', '[::1]:9464', '0.0.0.0:65535'])('may be %s', (address) => {
    expect(metricsAddress({ REFT_METRICS_ADDRESS: address })).toBe(address);
  });

  it.each([{}, { REFT_METRICS_ADDRESS: '' }])('may be left out: %j', (environment) => {
    expect(metricsAddress(environment)).toBeUndefined();
  });

  it.each(['9464', 'localhost:9464', '127.0.0.1:99999', '127.0.0.1:65536', '127.0.0.1:'])(
    'may not be %s',
    (address) => {
      expect(() => metricsAddress({ REFT_METRICS_ADDRESS: address })).toThrow(
        `REFT_METRICS_ADDRESS is "${address}": allowed is an IP address and a port, such as 127.0.0.1:9464`,
      );
    },
  );
});

describe('REFT_HEALTH_ADDRESS', () => {
  it('is an IP address and a port, or left out', () => {
    expect(healthAddress({ REFT_HEALTH_ADDRESS: '0.0.0.0:8236' })).toEqual({ host: '0.0.0.0', port: 8236 });
    expect(healthAddress({ REFT_HEALTH_ADDRESS: '[::]:8236' })).toEqual({ host: '::', port: 8236 });
    expect(healthAddress({})).toBeUndefined();
    expect(() => healthAddress({ REFT_HEALTH_ADDRESS: ':8236' })).toThrow(
      'REFT_HEALTH_ADDRESS is ":8236": allowed is an IP address and a port, such as 127.0.0.1:8236',
    );
  });
});

describe('OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  it('is an address for HTTP, or left out', () => {
    const collector = 'http://127.0.0.1:4318';
    expect(tracesEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: collector })).toBe(collector);
    expect(tracesEndpoint({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector}/v1/traces` })).toBe(
      `${collector}/v1/traces`,
    );
    expect(tracesEndpoint({})).toBeUndefined();
    expect(() => tracesEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })).toThrow(
      'OTEL_EXPORTER_OTLP_ENDPOINT is "collector:4318": allowed is http(s)://host[:port], such as http://127.0.0.1:4318',
    );
    const protocol = { OTEL_EXPORTER_OTLP_ENDPOINT: collector, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    expect(() => tracesEndpoint(protocol)).toThrow(
      'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": allowed is "http/json" or "http/protobuf"',
    );
  });
});

describe('REFT_ENGINES', () => {
  it.each([
    [{}, 1],
    [{ REFT_ENGINES: '' }, 1],
    [{ REFT_ENGINES: '2' }, 2],
    [{ REFT_ENGINES: '64' }, 64],
  ])('%j gives %i', (environment, count) => {
    expect(engineCount(environment)).toBe(count);
  });

  it.each(['0', '-1', '1.5', 'two', '65'])('may not be %s', (count) => {
    expect(() => engineCount({ REFT_ENGINES: count })).toThrow(
      `REFT_ENGINES is "${count}": allowed is a whole number from 1 to 64`,
    );
  });
});

describe('REFT_CACHE_GIB', () => {
  it.each([
    [{}, 4 * 2 ** 30],
    [{ REFT_CACHE_GIB: '0.5' }, 2 ** 29],
  ])('%j gives %i', (environment, bytes) => {
    expect(cacheBytes(environment)).toBe(bytes);
  });

  it.each(['0', '-1', 'much', '2000000'])('may not be %s', (text) => {
    expect(() => cacheBytes({ REFT_CACHE_GIB: text })).toThrow(
      `REFT_CACHE_GIB is "${text}": allowed is a number from above 0 to 1048576`,
    );
  });
});
