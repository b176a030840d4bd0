/** The folders of workers' steps: what a killed process left is removed at the next start, what a live one has is not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { downloadsIn, openWorkspace } from '../../activities/workspace.js';

const script = fileURLToPath(new URL('workspaceProcess.ts', import.meta.url));

let parent: string;
let children: ChildProcess[];
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'reft-workspace-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(parent, { recursive: true, force: true });
});

/** Resolves with the folder of a process that is in the middle of a step. */
async function startStep(): Promise<{ child: ChildProcess; folder: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [folder] = await once(child.stdout, 'data');
  return { child, folder: String(folder) };
}

async function leave(name: string, daysAgo: number): Promise<string> {
  const path = join(parent, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'part'), '');
  const then = new Date(Date.now() - daysAgo * 24 * 60 * 60_000);
  await utimes(path, then, then);
  return path;
}

it('removes what a killed process left, and nothing of one that runs or is stopped', async () => {
  const [killed, running, stopped] = await Promise.all([startStep(), startStep(), startStep()]);
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');
  stopped.child.kill('SIGSTOP');
  const workspace = await openWorkspace(parent);
  expect(workspace.removed).toBe(1);
  expect(existsSync(killed.folder)).toBe(false);
  for (const { folder } of [running, stopped]) expect(await readdir(join(folder, 'task-1'))).toHaveLength(1);
  expect(existsSync(workspace.directory)).toBe(true);
  await workspace.close();
  expect(existsSync(workspace.directory)).toBe(false);
});

it('takes folders of other hosts for left after a day, downloads after a week', async () => {
  const gone = [
    await leave('elsewhere~1~17~1', 1.1),
    await leave('downloads/a', 8),
    await leave('task-of-earlier-versions', 2),
  ];
  const kept = [await leave('elsewhere~1~18~1', 0.9), await leave('downloads/b', 6)];
  const { removed } = await openWorkspace(parent);
  expect(removed).toBe(3);
  expect(gone.filter(existsSync)).toEqual([]);
  expect(kept.filter(existsSync)).toEqual(kept);
  expect(await readdir(downloadsIn(parent))).toEqual(['b']);
});

it('knows a process from an earlier one with the same id', async () => {
  const own = (await openWorkspace(parent)).directory;
  const earlier = await leave(`${own.slice(parent.length + 1)}0`, 0);
  expect((await openWorkspace(parent)).removed).toBe(1);
  expect([existsSync(own), existsSync(earlier)]).toEqual([true, false]);
});
