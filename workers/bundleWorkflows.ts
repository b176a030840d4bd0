/** The workflow code as one bundle for the workers' sandbox; making it takes about two seconds. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { logger } from './log.js';

/** Bundles `workflows/index.ts` with all it imports. */
export function bundleWorkflows(): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    logger,
  });
}
