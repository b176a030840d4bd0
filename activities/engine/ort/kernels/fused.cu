// Formulas of training that onnxruntime has only as chains of operators, one kernel each: RMSNorm, SwiGLU, causal softmax,
// cross-entropy, forward and backward. Numbers are half precision (u16 here: bfloat16, or float16 where FLOAT16 is defined), sums and
// the residual stream float32. Matrices are contiguous; sums are added up in a fixed order. NVRTC compiles this on the GPU's machine;
// a test compiles it with gcc (test/device/standInKernels.h), so arguments are pointers and whole numbers alone.

#define LOWEST -3.0e38f
typedef unsigned short u16;
#ifdef STAND_IN
#include "standInKernels.h"
#elif defined(FLOAT16)
__device__ __forceinline__ float up(u16 x) { float f; asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(x)); return f; }
__device__ __forceinline__ u16 down(float f) { u16 x; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(x) : "f"(f)); return x; }
#else
__device__ __forceinline__ float up(u16 x) { return __uint_as_float((unsigned)x << 16); }
__device__ __forceinline__ u16 down(float f) {
  unsigned u = __float_as_uint(f);
  return f == f ? (u16)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16) : (u16)0x7fc0;
}
#endif
union Eight { uint4 all; u16 one[8]; };
__device__ __forceinline__ float warpSum(float x) { for (int o = 16; o; o >>= 1) x += __shfl_xor_sync(~0u, x, o); return x; }
__device__ __forceinline__ float warpMax(float x) { for (int o = 16; o; o >>= 1) x = fmaxf(x, __shfl_xor_sync(~0u, x, o)); return x; }

// y = x / rms(x) * gain for x [rows, width]; scales [rows] = 1 / rms(x). A warp a row. epsilon as its bits.
extern "C" __global__ void norm_forward(const float *x, const float *gain, u16 *y, float *scales, long long rows, int width, int epsilon) {
  long long row = blockIdx.x * (long long)(blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;
  const float *in = x + row * width;
  float sum = 0;
  for (int c = lane; c < width; c += 32) sum += in[c] * in[c];
  float scale = rsqrtf(warpSum(sum) / width + __int_as_float(epsilon));
  for (int c = lane; c < width; c += 32) y[row * width + c] = down(in[c] * scale * gain[c]);
  if (lane == 0) scales[row] = scale;
}
// dx of norm_forward for the gradient g of y. A warp a row.
extern "C" __global__ void norm_backward(const u16 *g, const float *x, const float *gain, const float *scales, float *dx, long long rows, int width) {
  long long row = blockIdx.x * (long long)(blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;
  const u16 *gr = g + row * width;
  const float *xr = x + row * width;
  float scale = scales[row], sum = 0;
  for (int c = lane; c < width; c += 32) sum += up(gr[c]) * gain[c] * xr[c];
  float shared = warpSum(sum) * scale * scale / width;
  for (int c = lane; c < width; c += 32) dx[row * width + c] = (up(gr[c]) * gain[c] - xr[c] * shared) * scale;
}
// parts [gridDim.y, width]: what each row of blocks has of the gain's gradient, the sum of g * x * scale over its rows. A thread a column.
extern "C" __global__ void norm_gain(const u16 *g, const float *x, const float *scales, float *parts, long long rows, int width) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= width) return;
  float sum = 0;
  for (long long row = blockIdx.y; row < rows; row += gridDim.y) sum += up(g[row * width + c]) * x[row * width + c] * scales[row];
  parts[(long long)blockIdx.y * width + c] = sum;
}
// sums [width] = the sum of the rows of parts [rows, width].
extern "C" __global__ void sum_rows(const float *parts, float *sums, int rows, int width) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= width) return;
  float sum = 0;
  for (int r = 0; r < rows; r++) sum += parts[(long long)r * width + c];
  sums[c] = sum;
}

__device__ __forceinline__ u16 gated(u16 gate, u16 other) { float x = up(gate); return down(x / (1 + __expf(-x)) * up(other)); }
__device__ __forceinline__ void gatedBack(u16 g, u16 gate, u16 other, u16 *dgate, u16 *dother) {
  float x = up(gate), s = 1 / (1 + __expf(-x)), z = x * s, e = up(g), u = up(other);
  *dgate = down(e * u * (s + z * (1 - s))); *dother = down(e * z);
}
// y = silu(gate) * other for n numbers, eight a thread.
extern "C" __global__ void swiglu_forward(const u16 *gate, const u16 *other, u16 *y, long long n) {
  long long at = 8 * (blockIdx.x * (long long)blockDim.x + threadIdx.x);
  if (at + 8 > n) {
    for (long long i = at; i < n; i++) y[i] = gated(gate[i], other[i]);
    return;
  }
  union Eight a, b, c; a.all = *(const uint4 *)(gate + at); b.all = *(const uint4 *)(other + at);
  for (int k = 0; k < 8; k++) c.one[k] = gated(a.one[k], b.one[k]);
  *(uint4 *)(y + at) = c.all;
}
// Gradients of gate and other for the gradient g of y.
extern "C" __global__ void swiglu_backward(const u16 *g, const u16 *gate, const u16 *other, u16 *dgate, u16 *dother, long long n) {
  long long at = 8 * (blockIdx.x * (long long)blockDim.x + threadIdx.x);
  if (at + 8 > n) {
    for (long long i = at; i < n; i++) gatedBack(g[i], gate[i], other[i], dgate + i, dother + i);
    return;
  }
  union Eight d, a, b, p, q;
  d.all = *(const uint4 *)(g + at); a.all = *(const uint4 *)(gate + at); b.all = *(const uint4 *)(other + at);
  for (int k = 0; k < 8; k++) gatedBack(d.one[k], a.one[k], b.one[k], p.one + k, q.one + k);
  *(uint4 *)(dgate + at) = p.all; *(uint4 *)(dother + at) = q.all;
}

// Softmax of scores [rows, time]: row r is the query at place r mod time, which sees keys up to its own, and of them the last `window`
// where that is not 0. A warp a row.
extern "C" __global__ void softmax_forward(const u16 *scores, u16 *weights, long long rows, int time, int window) {
  long long row = blockIdx.x * (long long)(blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;
  const u16 *in = scores + row * time;
  u16 *to = weights + row * time;
  int last = (int)(row % time), first = window && last >= window ? last - window + 1 : 0;
  float most = LOWEST, sum = 0;
  for (int c = first + lane; c <= last; c += 32) most = fmaxf(most, up(in[c]));
  most = warpMax(most);
  for (int c = first + lane; c <= last; c += 32) sum += __expf(up(in[c]) - most);
  float share = 1 / warpSum(sum);
  for (int c = lane; c < time; c += 32) to[c] = c < first || c > last ? (u16)0 : down(__expf(up(in[c]) - most) * share);
}
// Gradient of the scores for the gradient g of the weights, which are 0 where a query does not look.
extern "C" __global__ void softmax_backward(const u16 *g, const u16 *weights, u16 *result, long long rows, int time) {
  long long row = blockIdx.x * (long long)(blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;
  const u16 *gr = g + row * time, *wr = weights + row * time;
  float sum = 0;
  for (int c = lane; c < time; c += 32) sum += up(gr[c]) * up(wr[c]);
  sum = warpSum(sum);
  for (int c = lane; c < time; c += 32) result[row * time + c] = down(up(wr[c]) * (up(gr[c]) - sum));
}

// chosen [rows] = log softmax(logits)[label], sums [rows] = log of the sum of exp(logits). A block of 256 threads a row of logits [rows, width].
extern "C" __global__ void cross_entropy_forward(const u16 *logits, const long long *labels, float *chosen, float *sums, int width) {
  __shared__ float most[8], sum[8];
  const u16 *row = logits + blockIdx.x * (long long)width;
  float m = LOWEST, s = 0;
  for (int c = threadIdx.x; c < width; c += 256) {
    float x = up(row[c]), big = fmaxf(m, x);
    s = s * __expf(m - big) + __expf(x - big);
    m = big;
  }
  float wm = warpMax(m);
  s = warpSum(s * __expf(m - wm));
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
  for (int c = threadIdx.x; c < width; c += 256) to[c] = down(d * ((c == label ? 1.0f : 0.0f) - __expf(up(row[c]) - all)));
}
