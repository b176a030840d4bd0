/** Runs that any version began go on with the workflow code as it is now: their histories are replayed. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { bundleWorkflows } from '../../workers/bundleWorkflows.js';
import { methodNames } from '../../workflows/config/methods.js';
import { bytesOf, readWorkflows, recordedVersions } from './files.js';
import { advise, replayAll } from './replay.js';

// A replay that fails on purpose: no need to read of it.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  shutdownSignals: [],
  telemetryOptions: { logging: { filter: 'off', forward: {} } },
});

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

describe('histories', () => {
  let bundle: WorkflowBundle;
  beforeAll(async () => {
    bundle = await bundleWorkflows();
  });

  it.each(recordedVersions())('of version %s are replayed without a difference', async (version) => {
    const stopped = await replayAll(readWorkflows(version), bundle);
    if (stopped.length > 0) throw new Error(advise(version, stopped));
  });

  it('of this version show every method, a comparison, an evaluation and an annotation, each continued as new', () => {
    const recorded = readWorkflows(packageFile.version);
    const continued = recorded.filter(({ executions }) => executions.length > 1).map(({ workflowId }) => workflowId);
    expect(continued).toEqual(
      expect.arrayContaining([...methodNames, 'steered', 'steered-sft', 'compare', 'evaluation', 'annotate']),
    );
    expect(recorded.some(({ workflowId }) => /^training-reft-seed\d+-/.test(workflowId))).toBe(true);
  });

  it('are small', () => {
    expect(recordedVersions().reduce((sum, version) => sum + bytesOf(version), 0)).toBeLessThan(1_500_000);
  });

  it('differ where an activity was added to a round without a patch, and it is said what to do', async () => {
    const changed = await bundleWorkflowCode({
      workflowsPath: pathOf('../../workflows/index.ts'),
      workflowInterceptorModules: [pathOf('../../workflows/failures.ts'), pathOf('unpatched.ts')],
      logger: new DefaultLogger('ERROR'),
    });
    const workflows = readWorkflows(packageFile.version).filter(({ workflowId }) =>
      ['reft', 'sft'].includes(workflowId),
    );
    const stopped = await replayAll(workflows, changed);
    expect(stopped).toEqual([expect.stringMatching(/^reft: .*TMPRL1100/s)]);
    expect(advise(packageFile.version, stopped)).toMatch(
      /- reft: .*\nKeep the earlier order .* workflows\/patches\.ts/s,
    );
  });
});
