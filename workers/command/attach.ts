/** `reft attach`: a run that is under way, shown as `reft run` shows it, from any terminal. It serves no run itself. */
import { WorkflowFailedError } from '@temporalio/client';
import { abortOnInterrupt } from '../interruption.js';
import { liveReportAddress } from '../live/address.js';
import { askProgress, describeRun, failureReason, uiAddress, withClient, withStack } from './access.js';
import { kindOf } from './kinds.js';
import { createJsonDisplay, createProgressDisplay } from './progressDisplay.js';
import { showResult } from './run.js';
import { watchRun } from './watchRun.js';

/** @returns the process's exit code: 0 when the run finished, 1 when it failed, 130 when interrupted */
export function attach(id: string, { json = false }: { readonly json?: boolean }): Promise<number> {
  const signal = abortOnInterrupt();
  return withStack((stack) =>
    withClient(stack, async (client) => {
      const { type, status } = await describeRun(client, id);
      const kind = kindOf(type);
      const address = uiAddress(stack, id);
      if (address && !json) console.log(`Temporal UI: ${address}`);
      const live = status.name === 'RUNNING' && !json ? await liveReportAddress(stack, id) : undefined;
      if (live) console.log(`Live report: ${live}`);
      const display = json ? createJsonDisplay(process.stdout) : createProgressDisplay(process.stdout);
      const unanswered = status.name === 'RUNNING' ? await askProgress(client, id) : undefined;
      if (typeof unanswered === 'string') display.note(unanswered);
      const handle = client.workflow.getHandle(id);
      const nobody = { serveIfNobodyDoes: async () => false };
      try {
        const result = await watchRun<object>(client, handle, nobody, display, signal).finally(() => display.close());
        if (result === undefined) return 130;
        if (!json) return await showResult(stack, kind, result, id);
        console.log(JSON.stringify({ result }));
        return 0;
      } catch (error) {
        if (!(error instanceof WorkflowFailedError)) throw error;
        const reason = failureReason(error);
        if (json) console.log(JSON.stringify({ failure: reason }));
        else console.error(`The ${kind.noun} failed: ${reason}`);
        return 1;
      }
    }),
  );
}
