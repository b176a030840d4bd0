/**
 * Test runner settings: two projects. A test that needs a server, a build or more than a few seconds lies in `test/endToEnd` or
 * is called `*.integration.test.ts`; all others are unit tests (`npm run test:unit`).
 */
import { configDefaults, defineConfig } from 'vitest/config';

const integration = ['test/endToEnd/**/*.test.ts', 'test/**/*.integration.test.ts'];

export default defineConfig({
  test: {
    // Generous, for real servers.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // The AWS SDK's announcement about Node versions of 2027 would drown the results.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, ...integration] },
      },
      {
        extends: true,
        test: { name: 'integration', include: integration, globalSetup: ['test/support/obtainPrograms.ts'] },
      },
    ],
  },
});
