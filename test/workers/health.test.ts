/** What probes hear of a worker: whether it serves, at one address that is its alone. */
import getPort from 'get-port';
import { expect, it } from 'vitest';
import { openHealth } from '../../workers/health.js';

it('tells whether the worker serves, until it is closed', async () => {
  const port = await getPort();
  let isServing = false;
  const health = await openHealth({ host: '127.0.0.1', port }, () => isServing);
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.text()];
  };
  expect(await ask('/healthz')).toEqual([503, 'not serving\n']);
  isServing = true;
  expect(await ask('/healthz')).toEqual([200, 'serving\n']);
  expect(await ask('/')).toEqual([404, 'ask for /healthz\n']);
  await expect(openHealth({ host: '127.0.0.1', port }, () => true)).rejects.toThrow(
    `REFT_HEALTH_ADDRESS is "127.0.0.1:${port}", where nothing can listen: listen EADDRINUSE`,
  );
  await health.close();
  await expect(ask('/healthz')).rejects.toThrow('fetch failed');
});
