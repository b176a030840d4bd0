/**
 * Removes from node_modules what a container image does not need: other platforms' builds of onnxruntime and of Temporal's core, and
 * that core's Rust sources. All other packages install the build of their platform only. The Dockerfiles run it after `npm ci`:
 *   node infra/deploy/leaveOut.mjs node_modules
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { argv, arch as ownArch, platform as ownPlatform } from 'node:process';
import { fileURLToPath } from 'node:url';

/** Folders whose children are builds, one a platform, and which child is whose. */
const builds = [
  { folder: 'onnxruntime-node/bin/napi-v6', nameOf: (platform) => platform },
  { folder: 'onnxruntime-node/bin/napi-v6/linux', nameOf: (_, arch) => arch },
  {
    folder: '@temporalio/core-bridge/releases',
    nameOf: (_, arch) => `${{ x64: 'x86_64', arm64: 'aarch64' }[arch]}-unknown-linux-gnu`,
  },
];

const sources = ['@temporalio/core-bridge/sdk-core', '@temporalio/core-bridge/src'];

/**
 * What is left out for an image of this platform, as paths below `modules`.
 * @param {string} modules a node_modules that npm has filled
 * @param {string} platform as Node names it; images are for Linux with glibc only
 * @param {string} arch `x64` or `arm64`
 * @returns {string[]}
 * @throws Error where a package does not look as expected: better no image than one that lacks a build, or has all of them
 */
export function pathsToLeaveOut(modules, platform, arch) {
  if (platform !== 'linux') throw new Error(`images are built on Linux, not on ${platform}`);
  const others = builds.flatMap(({ folder, nameOf }) => {
    const names = readdirSync(join(modules, folder));
    const own = nameOf(platform, arch);
    if (!names.includes(own)) throw new Error(`${folder} has no ${own}, but ${names.join(', ')}`);
    return names.filter((name) => name !== own).map((name) => join(folder, name));
  });
  const missing = sources.filter((path) => !existsSync(join(modules, path)));
  if (missing.length > 0) throw new Error(`${missing.join(', ')}: not there`);
  return [...others, ...sources];
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [, , modules = ''] = argv;
  if (basename(modules) !== 'node_modules') throw new Error(`"${modules}" is no node_modules (in ${dirname(modules)})`);
  for (const path of pathsToLeaveOut(modules, ownPlatform, ownArch)) {
    console.log(`left out: ${path}`);
    rmSync(join(modules, path), { recursive: true });
  }
}
