/**
 * What `npm pack` does first: compiles the code to `dist`, JavaScript with its types, and copies what it reads beside itself. A package
 * has no TypeScript: Node reads none below `node_modules`, and whoever imports from it needs types.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const target = join(root, 'dist');
const rooms = ['activities', 'infra', 'workers', 'workflows'];
/** Beside TypeScript: programs of processes, the sandbox's Python, the form of ONNX, CUDA kernels. */
const copied = ['.cjs', '.cu', '.mjs', '.proto', '.py'];
/** What serves a checkout alone, or starts TypeScript. */
const leftOut = [
  ...['bootstrap', 'checks', 'completeLockfile', 'mutate', 'runTests', 'package/compile'].map(
    (name) => `infra/${name}.mjs`,
  ),
  'activities/data/thread/start.mjs',
  'activities/engine/process/workerThread.mjs',
];

rmSync(target, { recursive: true, force: true });
const compiler = ['node_modules/typescript/bin/tsc', '--project', 'infra/package/tsconfig.json'];
const { status } = spawnSync(process.execPath, compiler, { cwd: root, stdio: 'inherit' });
if (status !== 0) throw new Error('the code was not compiled: see above; `npm ci` installs the compiler');
for (const file of rooms.flatMap(filesOf))
  if (copied.includes(extname(file)) && !leftOut.includes(file)) cpSync(join(root, file), join(target, file));

function filesOf(room) {
  return readdirSync(join(root, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}
