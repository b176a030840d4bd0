/** `reft serve`: a run's model, or a folder's, behind OpenAI's interface, in the foreground until interrupted. */
import { aborted, abortOnInterrupt } from '../interruption.js';
import type { PromptForm } from '../names.js';
import { openModel } from '../serving/openModel.js';
import { startServer } from '../serving/server.js';
import { UsageError } from './usageError.js';

export interface ServeOptions {
  readonly host: string;
  readonly port: string;
  readonly prompt?: PromptForm;
  readonly json?: boolean;
}

/** @throws UsageError when there is no such model, or nothing can listen there */
export async function serveModel(what: string, { host, port, prompt, json = false }: ServeOptions): Promise<void> {
  const wanted = Number(port);
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535)
    throw new UsageError(`--port is "${port}": allowed is a whole number from 0 to 65535, 0 for a free one`);
  const signal = abortOnInterrupt();
  const model = await openModel(what, prompt);
  const server = await startServer(model, host, wanted).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`Nothing can listen at ${host}:${port} (${error.code})`);
  });
  const url = `${server.address}/v1`;
  console.log(json ? JSON.stringify({ url, model: model.name }) : `${model.name} at ${url}. Ctrl-C stops it.`);
  await aborted(signal);
  await server.close();
}
