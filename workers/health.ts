/**
 * Whether a worker serves, told to probes over HTTP: `GET /healthz` is 200 while it polls for tasks, 503 while it starts or stops. The
 * answer comes from Node's event loop: none comes where that is held up, which the SDK's metrics, served by native threads, would not show.
 */
import { createServer } from 'node:http';
import { messageOf } from '../activities/errors.js';
import { type Listening, listen } from '../infra/process/listen.js';
import { UsageError } from './command/usageError.js';
import type { ListenAddress } from './settings.js';

/** @throws UsageError when nothing can listen at the address that `REFT_HEALTH_ADDRESS` names */
export async function openHealth({ host, port }: ListenAddress, isServing: () => boolean): Promise<Listening> {
  const server = createServer(({ url }, response) => {
    const isAsked = url === '/healthz';
    const isHealthy = isAsked && isServing();
    response.writeHead(isHealthy ? 200 : isAsked ? 503 : 404, { 'content-type': 'text/plain', connection: 'close' });
    response.end(isHealthy ? 'serving\n' : isAsked ? 'not serving\n' : 'ask for /healthz\n');
  });
  try {
    return await listen(server, port, host);
  } catch (error) {
    throw new UsageError(
      `REFT_HEALTH_ADDRESS is "${host}:${port}", where nothing can listen: ${messageOf(error)}. ` +
        'Another worker may be there: each needs a port of its own',
    );
  }
}
