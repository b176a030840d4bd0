// AdamW over flat arrays of float32, with clipping by the global norm: squares, clip_factor, adamw, in this order. Sums are added
// up in a fixed order. A step whose norm is not finite changes nothing. Arrays start at multiples of 16 bytes; n4 counts float4.

// sums [blocks]: each block's part of Σ g².
extern "C" __global__ void squares(const float4 *g, long long n4, float *sums) {
  float sum = 0;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n4; i += (long long)gridDim.x * blockDim.x) {
    float4 x = g[i]; sum += x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w;
  }
  for (int o = 16; o; o >>= 1) sum += __shfl_down_sync(~0u, sum, o);
  __shared__ float warps[32];
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < blockDim.x / 32 ? warps[threadIdx.x] : 0;
    for (int o = 16; o; o >>= 1) sum += __shfl_down_sync(~0u, sum, o);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
  }
}
// result = [norm, factor]: the norm without the loss scale, and what gradients are multiplied by. One block of 256.
extern "C" __global__ void clip_factor(const float *sums, int n, float unscale, float clipNorm, float *result) {
  __shared__ double all[256];
  double sum = 0;
  for (int i = threadIdx.x; i < n; i += 256) sum += sums[i];
  all[threadIdx.x] = sum;
  __syncthreads();
  for (int o = 128; o; o >>= 1) { if (threadIdx.x < o) all[threadIdx.x] += all[threadIdx.x + o]; __syncthreads(); }
  if (threadIdx.x == 0) { float norm = sqrt(all[0]) * unscale; result[0] = norm; result[1] = unscale * fminf(clipNorm / (norm + 1e-6f), 1.0f); }
}
struct Settings { float lr, step, eps, beta1, beta2, decay; };
__device__ void update(float &p, float &m, float &v, float g, const Settings &s, float kept) {
  m = s.beta1 * m + (1 - s.beta1) * g;
  v = s.beta2 * v + (1 - s.beta2) * g * g;
  p = kept * p - s.step * m / (sqrtf(v) + s.eps);
}
// p, m, v in place. The first decayed4 float4 (the matrices) have weight decay.
extern "C" __global__ void adamw(float4 *p, float4 *m, float4 *v, const float4 *g, long long n4, long long decayed4, const float *norm, float lr, float step, float eps, float decay) {
  float clip = norm[1];
  if (!isfinite(norm[0])) return;
  Settings s = {lr, step, eps, 0.9f, 0.999f, decay};
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n4; i += (long long)gridDim.x * blockDim.x) {
    float4 P = p[i], M = m[i], V = v[i], G = g[i];
    float kept = i < decayed4 ? 1 - lr * decay : 1;
    update(P.x, M.x, V.x, G.x * clip, s, kept); update(P.y, M.y, V.y, G.y * clip, s, kept);
    update(P.z, M.z, V.z, G.z * clip, s, kept); update(P.w, M.w, V.w, G.w * clip, s, kept);
    p[i] = P; m[i] = M; v[i] = V;
  }
}
