/**
 * Test runner settings: unit tests, integration tests, and those that need the machine to themselves. A test that needs a server, a
 * build or more than a few seconds lies in `test/endToEnd` or is called `*.integration.test.ts`; all others are unit tests
 * (`npm run test:unit`).
 */
import { tmpdir } from 'node:os';
import { delimiter } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

const integration = ['test/endToEnd/**/*.test.ts', 'test/**/*.integration.test.ts'];
/** Faults come by the clock: beside another test, runs have little time between two of them. So it has the machine to itself, at the end. */
const alone = ['test/chaos/chaos.integration.test.ts'];
const globalSetup = ['test/support/obtainPrograms.ts'];

export default defineConfig({
  test: {
    // Generous, for real servers.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    env: {
      // The AWS SDK's announcement about Node versions of 2027 would drown the results.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      // Where tests put the data and models that runs name.
      REFT_FOLDERS: [tmpdir(), process.env.REFT_SMOLLM2 ?? ''].join(delimiter),
    },
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, ...integration] },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: integration,
          exclude: [...configDefaults.exclude, ...alone],
          globalSetup,
        },
      },
      { extends: true, test: { name: 'alone', include: alone, globalSetup, sequence: { groupOrder: 1 } } },
    ],
  },
});
