/** The activities over what they work with in this process: the store, the engine, the sandbox; opened together, and closed. */
import { createEnginePool } from '../activities/engine/process/enginePool.js';
import { type ActivitySet, createActivities } from '../activities/index.js';
import { hubFromEnvironment } from '../activities/pretrained/hub.js';
import { openUpkeep } from '../activities/store/s3/upkeep.js';
import { downloadsIn, openWorkspace } from '../activities/workspace.js';
import type { S3Access } from '../infra/s3/access.js';
import { log } from './log.js';
import { openSandbox } from './openSandbox.js';
import { openStore } from './openStore.js';
import { engineCount, workDirectory } from './settings.js';

export interface OpenedActivities extends ActivitySet {
  /** Tasks that the engine does at a time. */
  readonly engines: number;
  /** Starts the engine, so that its first task need not wait for it. */
  warmUp(): void;
  /** Ends the processes of the engine and the sandbox. */
  close(): Promise<void>;
}

/** @param s3 with its dialect (`prepareBucket`) */
export async function openActivities(s3: S3Access): Promise<OpenedActivities> {
  const engines = engineCount();
  const workspace = await openWorkspace(workDirectory);
  if (workspace.removed > 0)
    log('info', 'files of killed workers removed', { removed: workspace.removed, folder: workDirectory });
  const engine = createEnginePool(engines, log);
  const sandbox = openSandbox();
  const activities = createActivities({
    store: openStore(s3),
    upkeep: openUpkeep(s3),
    engine,
    sandbox,
    environment: process.env,
    workDirectory: workspace.directory,
    downloadDirectory: downloadsIn(workDirectory),
    hub: hubFromEnvironment(process.env),
    dataDirectory: process.env.REFT_DATA_DIR,
  });
  return {
    ...activities,
    engines,
    warmUp: () => engine.warmUp(),
    close: () => Promise.all([engine.close(), sandbox.close()]).then(() => workspace.close()),
  };
}
