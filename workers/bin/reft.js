#!/usr/bin/env node
/** The `reft` command: of a checkout it runs the TypeScript sources as they are, of a package what they were compiled to. */
import { existsSync } from 'node:fs';

// The SDK's versions are pinned; that later ones will need a newer Node is no news for whoever runs this.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
const isCheckout = existsSync(new URL('../cli.ts', import.meta.url));
if (isCheckout) (await import('tsx/esm/api')).register();
const { main } = await import(isCheckout ? '../cli.ts' : '../../dist/workers/cli.js');
await main(process.argv.slice(2));
