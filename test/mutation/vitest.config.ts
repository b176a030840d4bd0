/** The tests that Stryker runs against each mutant: `infra/mutate.mjs` names them. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [process.env.MUTATED_TESTS ?? 'none'],
    globalSetup: ['test/support/obtainPrograms.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    pool: 'forks',
  },
});
