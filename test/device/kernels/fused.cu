// Kernels of training steps that onnxruntime has only as chains of operators, in bfloat16 (u16 here) with sums in float32:
// RMSNorm, SwiGLU, causal softmax and cross-entropy, forward and backward. `customOps.mjs` compiles them with NVRTC while the
// program runs and launches them as operators of onnxruntime. Rows are of one contiguous matrix; long long counts elements.

#define LOWEST -3.0e38f
typedef unsigned short u16;
__device__ __forceinline__ float up(u16 x) { return __uint_as_float((unsigned)x << 16); }
__device__ __forceinline__ u16 down(float f) { unsigned u = __float_as_uint(f); return (u16)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16); }
union Eight { uint4 all; u16 one[8]; };
__device__ __forceinline__ float warpSum(float x) { for (int o = 16; o; o >>= 1) x += __shfl_xor_sync(~0u, x, o); return x; }
__device__ __forceinline__ float warpMax(float x) { for (int o = 16; o; o >>= 1) x = fmaxf(x, __shfl_xor_sync(~0u, x, o)); return x; }

// y = x / rms(x) * gain, x [rows, width]; scales [rows] = 1 / rms(x), kept for the backward. One warp a row.
extern "C" __global__ void norm_forward(const float *x, const float *gain, u16 *y, float *scales, long long rows, int width, float epsilon) {
  long long row = blockIdx.x * (long long)(blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;
  const float *in = x + row * width;
  float sum = 0;
  for (int c = lane; c < width; c += 32) sum += in[c] * in[c];
  float scale = rsqrtf(warpSum(sum) / width + epsilon);
  for (int c = lane; c < width; c += 32) y[row * width + c] = down(in[c] * scale * gain[c]);
  if (lane == 0) scales[row] = scale;
}
// dx of norm_forward for the gradient g of y. Blocks of eight warps; each block leaves its part of the gain's gradient in its row of
// parts, [blocks, width], for sum_rows: added up in a fixed order. Width at most 1024.
extern "C" __global__ void norm_backward(const u16 *g, const float *x, const float *gain, const float *scales, float *dx, float *parts, long long rows, int width) {
  __shared__ float all[1024];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  float mine[32];
  #pragma unroll
  for (int i = 0; i < 32; i++) mine[i] = 0;
  for (long long row = blockIdx.x * 8LL + warp; row < rows; row += gridDim.x * 8LL) {
    const u16 *gr = g + row * width;
    const float *xr = x + row * width;
    float scale = scales[row], sum = 0;
    #pragma unroll
    for (int i = 0; i < 32; i++) {
      int c = lane + 32 * i;
      if (c < width) { float n = xr[c] * scale, d = up(gr[c]); sum += d * gain[c] * n; mine[i] += d * n; }
    }
    float shared = warpSum(sum) / width;
    #pragma unroll
    for (int i = 0; i < 32; i++) {
      int c = lane + 32 * i;
      if (c < width) dx[row * width + c] = (up(gr[c]) * gain[c] - xr[c] * scale * shared) * scale;
    }
  }
  for (int c = threadIdx.x; c < width; c += 256) all[c] = 0;
  __syncthreads();
  for (int w = 0; w < 8; w++) {
    if (warp == w) {
      #pragma unroll
      for (int i = 0; i < 32; i++) { int c = lane + 32 * i; if (c < width) all[c] += mine[i]; }
    }
    __syncthreads();
  }
  for (int c = threadIdx.x; c < width; c += 256) parts[(long long)blockIdx.x * width + c] = all[c];
}
// sums [width] = the sum of the rows of parts [rows, width].
extern "C" __global__ void sum_rows(const float *parts, float *sums, int rows, int width) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= width) return;
  float sum = 0;
  for (int r = 0; r < rows; r++) sum += parts[(long long)r * width + c];
  sums[c] = sum;
}
// y = silu(gate) * other, eight elements a thread.
extern "C" __global__ void swiglu_forward(const uint4 *gate, const uint4 *other, uint4 *y, long long n8) {
  long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i >= n8) return;
  Eight a, b, c; a.all = gate[i]; b.all = other[i];
  for (int k = 0; k < 8; k++) { float x = up(a.one[k]); c.one[k] = down(x / (1 + __expf(-x)) * up(b.one[k])); }
  y[i] = c.all;
}
// Gradients of gate and other for the gradient g of y, and y again: it need not be kept from the forward.
extern "C" __global__ void swiglu_backward(const uint4 *g, const uint4 *gate, const uint4 *other, uint4 *dgate, uint4 *dother, uint4 *y, long long n8) {
  long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i >= n8) return;
  Eight d, a, b, p, q, r; d.all = g[i]; a.all = gate[i]; b.all = other[i];
  for (int k = 0; k < 8; k++) {
    float x = up(a.one[k]), s = 1 / (1 + __expf(-x)), z = x * s, e = up(d.one[k]), u = up(b.one[k]);
    p.one[k] = down(e * u * (s + z * (1 - s))); q.one[k] = down(e * z); r.one[k] = down(z * u);
  }
  dgate[i] = p.all; dother[i] = q.all; y[i] = r.all;
}
// Softmax of scores [rows, time], where row r sees columns 0 … r mod time. One warp a row; time a multiple of 8, at most 1024.
extern "C" __global__ void softmax_forward(const u16 *scores, u16 *weights, long long rows, int time) {
  long long row = blockIdx.x * (long long)(blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;
  int last = row % time;
  float v[4][8], most = LOWEST, sum = 0;
  #pragma unroll
  for (int c = 0; c < 4; c++) {
    int at = c * 256 + lane * 8;
    if (at > last || at >= time) continue;
    Eight e; e.all = *(const uint4 *)(scores + row * time + at);
    #pragma unroll
    for (int k = 0; k < 8; k++) { v[c][k] = at + k <= last ? up(e.one[k]) : LOWEST; most = fmaxf(most, v[c][k]); }
  }
  most = warpMax(most);
  #pragma unroll
  for (int c = 0; c < 4; c++) {
    int at = c * 256 + lane * 8;
    if (at > last || at >= time) continue;
    #pragma unroll
    for (int k = 0; k < 8; k++) { v[c][k] = __expf(v[c][k] - most); sum += v[c][k]; }
  }
  float share = 1 / warpSum(sum);
  #pragma unroll
  for (int c = 0; c < 4; c++) {
    int at = c * 256 + lane * 8;
    if (at >= time) continue;
    Eight e; e.all = make_uint4(0, 0, 0, 0);
    if (at <= last) for (int k = 0; k < 8; k++) e.one[k] = down(v[c][k] * share);
    *(uint4 *)(weights + row * time + at) = e.all;
  }
}
// Gradient of the scores for the gradient g of the weights that softmax_forward gave.
extern "C" __global__ void softmax_backward(const u16 *g, const u16 *weights, u16 *result, long long rows, int time) {
  long long row = blockIdx.x * (long long)(blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;
  int last = row % time;
  Eight a[4], b[4];
  float sum = 0;
  #pragma unroll
  for (int c = 0; c < 4; c++) {
    int at = c * 256 + lane * 8;
    if (at > last || at >= time) continue;
    a[c].all = *(const uint4 *)(g + row * time + at); b[c].all = *(const uint4 *)(weights + row * time + at);
    #pragma unroll
    for (int k = 0; k < 8; k++) sum += up(a[c].one[k]) * up(b[c].one[k]);
  }
  sum = warpSum(sum);
  #pragma unroll
  for (int c = 0; c < 4; c++) {
    int at = c * 256 + lane * 8;
    if (at >= time) continue;
    Eight e; e.all = make_uint4(0, 0, 0, 0);
    if (at <= last) for (int k = 0; k < 8; k++) e.one[k] = down(up(b[c].one[k]) * (up(a[c].one[k]) - sum));
    *(uint4 *)(result + row * time + at) = e.all;
  }
}
// chosen [rows] = log softmax(logits)[label], sums [rows] = log Σ exp(logits). A block of 256 threads a row; the vocabulary, width,
// a multiple of 8.
extern "C" __global__ void cross_entropy_forward(const u16 *logits, const long long *labels, float *chosen, float *sums, int width) {
  __shared__ float most[8], sum[8];
  const u16 *row = logits + blockIdx.x * (long long)width;
  float m = LOWEST, s = 0;
  for (int at = threadIdx.x * 8; at < width; at += 2048) {
    Eight e; e.all = *(const uint4 *)(row + at);
    float big = m;
    for (int k = 0; k < 8; k++) big = fmaxf(big, up(e.one[k]));
    s *= __expf(m - big);
    m = big;
    for (int k = 0; k < 8; k++) s += __expf(up(e.one[k]) - m);
  }
  float wm = warpMax(m);
  s = warpSum(m == LOWEST ? 0 : s * __expf(m - wm));
  if (threadIdx.x % 32 == 0) { most[threadIdx.x / 32] = wm; sum[threadIdx.x / 32] = s; }
  __syncthreads();
  if (threadIdx.x == 0) {
    float M = most[0], S = 0;
    for (int w = 1; w < 8; w++) M = fmaxf(M, most[w]);
    for (int w = 0; w < 8; w++) S += sum[w] * __expf(most[w] - M);
    float all = M + logf(S);
    sums[blockIdx.x] = all;
    chosen[blockIdx.x] = up(row[labels[blockIdx.x]]) - all;
  }
}
// Gradient of the logits for the gradient g [rows] of chosen.
extern "C" __global__ void cross_entropy_backward(const float *g, const u16 *logits, const long long *labels, const float *sums, u16 *result, int width) {
  const u16 *row = logits + blockIdx.x * (long long)width;
  u16 *to = result + blockIdx.x * (long long)width;
  float d = g[blockIdx.x], all = sums[blockIdx.x];
  int label = (int)labels[blockIdx.x];
  for (int at = threadIdx.x * 8; at < width; at += 2048) {
    Eight e; e.all = *(const uint4 *)(row + at);
    for (int k = 0; k < 8; k++) e.one[k] = down(d * ((at + k == label ? 1.0f : 0.0f) - __expf(up(e.one[k]) - all)));
    *(uint4 *)(to + at) = e.all;
  }
}
