/** The workflow code as one bundle for the workers' sandbox; making it takes about two seconds. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { logger } from './log.js';

const pathOf = (file: string): string => fileURLToPath(new URL(`../workflows/${file}`, import.meta.url));

/** Bundles `workflows/index.ts` with all it imports, and what every workflow runs in. */
export function bundleWorkflows(): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: pathOf('index.ts'),
    workflowInterceptorModules: [pathOf('failures.ts')],
    logger,
  });
}
