/** Which device is used. What is said where it is not there is in `devices.integration.test.ts`. */
import { describe, expect, it } from 'vitest';
import { chosenDevice } from '../../../../activities/engine/ort/devices.js';
import { requireChosenDevice } from '../../../../activities/engine/ort/findDevices.js';

describe('REFT_DEVICE', () => {
  it('is the CPU where it is not set, or empty', () => {
    expect(chosenDevice({}).name).toBe('cpu');
    expect(chosenDevice({ REFT_DEVICE: '' }).name).toBe('cpu');
    expect(chosenDevice({ REFT_DEVICE: 'webgpu' }).name).toBe('webgpu');
    expect(chosenDevice({ REFT_DEVICE: 'cuda' })).toMatchObject({ name: 'cuda', index: 0 });
    expect(chosenDevice({ REFT_DEVICE: 'cuda:1' })).toMatchObject({ name: 'cuda', index: 1 });
    expect(() => chosenDevice({ REFT_DEVICE: 'webgpu:1' })).toThrow(/no such device/);
  });

  it('must be a device there is', async () => {
    const message = 'REFT_DEVICE is "gpu": there is no such device; allowed are cpu, cuda, webgpu';
    expect(() => chosenDevice({ REFT_DEVICE: 'gpu' })).toThrow(message);
    await expect(requireChosenDevice({ REFT_DEVICE: 'gpu' })).rejects.toThrow(message);
  });

  it('is taken for granted where it is the CPU', async () => {
    await requireChosenDevice({ PATH: '' });
  });
});
