/** A worker's step under way (see workspace.integration.test.ts): opens the workspace, writes into it, and waits for its end. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openWorkspace } from '../../activities/workspace.js';

const [parent] = process.argv.slice(2);
if (parent === undefined) throw new Error('usage: workspaceProcess.ts <folder>');
const { directory } = await openWorkspace(parent);
await mkdir(join(directory, 'task-1'));
await writeFile(join(directory, 'task-1', 'model.safetensors'), 'half of it');
process.stdout.write(directory);
setInterval(() => undefined, 60_000);
