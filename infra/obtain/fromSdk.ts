/** Lets the Temporal SDK download its own development server: for machines with the internet but without pip. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../activities/log.js';
import { keepProgram } from './keepProgram.js';

/**
 * Path of the Temporal CLI in `directory`, downloaded when it is not there.
 * @throws Error saying why the download failed.
 */
export function downloadTemporal(directory: string, log: Log): Promise<string> {
  const path = join(directory, 'temporal-sdk');
  const make = async (workspace: string): Promise<string> => {
    log('info', 'downloading the Temporal CLI through the SDK');
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    // The SDK offers no download alone: it starts the server it downloaded, which is stopped at once.
    const server = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', downloadDir: workspace } },
    });
    await server.teardown();
    const [name] = await readdir(workspace);
    if (name === undefined) throw new Error('the SDK left no Temporal CLI behind');
    return join(workspace, name);
  };
  return keepProgram(path, log, async () => existsSync(path), make);
}
