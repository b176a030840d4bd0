/**
 * The pinned wheels that hold what a CUDA device needs beside its driver, for Linux on x64.
 *
 * The provider is that of onnxruntime-node's version: core and provider have to be of one. The libraries are those of CUDA 13.0, which a
 * driver from 580 on runs; later ones of CUDA 13 work as well, where a machine has them.
 */
import type { PinnedWheel } from '../obtain/pip.js';

export interface CudaWheel extends PinnedWheel {
  /** What it is for, in a word or two. */
  readonly purpose: string;
  /** Of the wheel, as it is fetched. */
  readonly bytes: number;
  /** The files that are needed, by their names. */
  readonly files: readonly string[];
}

/** onnxruntime looks for its providers beside its core library. */
export const provider: CudaWheel = {
  project: 'onnxruntime-gpu',
  version: '1.30.0',
  tag: 'manylinux_2_28_x86_64',
  python: '3.12',
  sha256: '6acc0f4b3d5ac5f2984432faa59dd8fcce6775f8b43a7140afa0f322c7a703b1',
  purpose: 'onnxruntime’s CUDA provider',
  bytes: 246_685_715,
  files: ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'],
};

const ofCudnn = [
  '',
  '_adv',
  '_cnn',
  '_engines_precompiled',
  '_engines_runtime_compiled',
  '_graph',
  '_heuristic',
  '_ops',
];

export const cudaLibraries: readonly CudaWheel[] = [
  {
    project: 'nvidia-cuda-runtime',
    version: '13.0.96',
    tag: 'manylinux2014_x86_64',
    sha256: '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
    purpose: 'CUDA’s runtime',
    bytes: 2_243_632,
    files: ['libcudart.so.13'],
  },
  {
    project: 'nvidia-cublas',
    version: '13.1.0.3',
    tag: 'manylinux_2_27_x86_64',
    sha256: 'ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171',
    purpose: 'matrix products',
    bytes: 423_133_236,
    files: ['libcublasLt.so.13', 'libcublas.so.13'],
  },
  {
    project: 'nvidia-curand',
    version: '10.4.0.35',
    tag: 'manylinux_2_27_x86_64',
    sha256: '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc',
    purpose: 'linked by the provider',
    bytes: 59_544_258,
    files: ['libcurand.so.10'],
  },
  {
    project: 'nvidia-cuda-nvrtc',
    version: '13.0.88',
    tag: 'manylinux2010_x86_64',
    sha256: 'ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575',
    purpose: 'compiles kernels',
    bytes: 90_215_200,
    files: ['libnvrtc.so.13', 'libnvrtc-builtins.so.13.0'],
  },
  {
    project: 'nvidia-cudnn-cu13',
    version: '9.19.0.56',
    tag: 'manylinux_2_27_x86_64',
    sha256: 'd20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf',
    purpose: 'attention',
    bytes: 366_066_321,
    files: ofCudnn.map((part) => `libcudnn${part}.so.9`),
  },
];

/** What a driver has to be for CUDA 13. */
export const oldestDriver = 580;
