/** What is said where the chosen device is not there. Real probes, in processes of their own. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findDevices, requireChosenDevice } from '../../../../activities/engine/ort/findDevices.js';
import { createEngine } from '../../../../activities/engine/process/engineClient.js';
import { tinyConfig } from '../support/tinyConfig.js';

/** No Vulkan driver, whatever the machine has. */
const bare = { ...process.env, VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' };
const isLinux = process.platform === 'linux' && process.arch === 'x64';
const hasNvidia = existsSync('/dev/nvidiactl');

describe.runIf(isLinux && !hasNvidia)('a machine without a GPU', () => {
  it('has the CPU, and tells what each of the others lacks', async () => {
    const found = Object.fromEntries((await findDevices(bare)).map(({ name, trial }) => [name, trial]));
    expect(found.cpu).toMatchObject({ works: true, mode: 'bound' });
    expect(found.cuda).toMatchObject({
      works: false,
      reason: expect.stringContaining(
        'libonnxruntime_providers_shared.so and libonnxruntime_providers_cuda.so not in ',
      ),
    });
    expect(found.webgpu).toMatchObject({ works: false, reason: expect.stringMatching(/adapter.*Vulkan|adapter.*vk/i) });
  });

  it.each(['cuda', 'webgpu'])('refuses to start with %s, naming what it has', async (name) => {
    await expect(requireChosenDevice({ ...bare, REFT_DEVICE: name })).rejects.toThrow(
      new RegExp(`^REFT_DEVICE is "${name}": it does not work here: .*Devices found: cpu$`),
    );
  });

  it("fails an engine's task on a device it lacks, instead of using another", async () => {
    const engine = createEngine({ ...bare, REFT_DEVICE: 'webgpu' });
    const task = engine.run('initialise', { config: tinyConfig, seed: 1, outputDirectory: '/nowhere' });
    await expect(task).rejects.toMatchObject({
      name: 'UnavailableDevice',
      message: expect.stringMatching(/^REFT_DEVICE is "webgpu": Failed to get a WebGPU adapter/),
    });
    await engine.close();
  });
});
