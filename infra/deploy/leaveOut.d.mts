/** Types of `leaveOut.mjs`, for its test. */
export function pathsToLeaveOut(modules: string, platform: string, arch: string): string[];
