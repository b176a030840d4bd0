#!/usr/bin/env node
/** The `reft` command: runs the TypeScript sources as they are. */
import { register } from 'tsx/esm/api';

register();
// The SDK's versions are pinned; that later ones will need a newer Node is no news for whoever runs this.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
const { main } = await import('../cli.ts');
await main(process.argv.slice(2));
