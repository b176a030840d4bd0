/** The live reports of a stack, as `reft up` serves them. Of several `reft up` on one machine one does. */
import type { Client } from '@temporalio/client';
import { choosePorts } from '../../infra/process/ports.js';
import type { StackAccess } from '../../infra/stack.js';
import { findRun } from '../command/access.js';
import { listRuns } from '../command/list.js';
import { leftReport } from '../command/saveReport.js';
import { UsageError } from '../command/usageError.js';
import { livePort } from '../names.js';
import { openStore } from '../openStore.js';
import { forgetAddress, liveAddress, rememberAddress } from './address.js';
import { mostCompared, renderComparedPage } from './comparedPage.js';
import { readComparedRun } from './comparedRuns.js';
import { renderListPage } from './listPage.js';
import { readLiveRun } from './liveRun.js';
import { describeMachine } from './machine.js';
import { renderLivePage } from './page.js';
import { type LivePages, startLiveServer } from './server.js';

/** Starts the server unless another process's answers; calling it again is harmless. */
export function createLive(client: Client, stack: StackAccess) {
  let close: (() => Promise<void>) | undefined;
  return {
    /** @returns where the reports are served, here or by another process */
    async serve(): Promise<string> {
      const there = await liveAddress(stack);
      if (there !== undefined) return there;
      const { live } = await choosePorts({ live: livePort });
      const server = await startLiveServer(await pagesOf(client, stack), live);
      close = async () => {
        await forgetAddress();
        await server.close();
      };
      await rememberAddress(stack, server);
      return server.address;
    },
    async stop(): Promise<void> {
      await close?.();
    },
  };
}

export async function pagesOf(client: Client, stack: StackAccess): Promise<LivePages> {
  const store = openStore(stack.s3);
  const sources = { client, store, stack, machine: await describeMachine() };
  return {
    list: async () => renderListPage(await listRuns(client), new Date()),
    async run(id) {
      const found = await findRun(client, id);
      if (found === undefined) return undefined;
      const left = found.status.name === 'RUNNING' ? null : await leftReport(store, id);
      if (left !== null) return left;
      const run = await readLiveRun(sources, id);
      return run && renderLivePage(run);
    },
    async compare(ids) {
      const asked = [...new Set(ids)];
      if (asked.length < 2 || asked.length > mostCompared)
        throw new UsageError(`${asked.length} runs are chosen: allowed are 2 to ${mostCompared}`);
      return renderComparedPage(await Promise.all(asked.map((id) => readComparedRun(sources, id))), new Date());
    },
  };
}
