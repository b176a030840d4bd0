/** A process that uses a stack and never ends by itself: `owner.ts <data directory> <bin directory>`. For kill -9 tests. */
import { startStack } from '../../infra/stack.js';

const [dataDirectory = '', binDirectory = ''] = process.argv.slice(2);
await startStack({ dataDirectory, binDirectory, environment: {} });
console.log('ready');
setInterval(() => {}, 1_000);
