/** Test runner settings: every `test/**\/*.test.ts`, one file at a time per core, generous limits for real servers. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/obtainPrograms.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // The AWS SDK's announcement about Node versions of 2027 would drown the results.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
