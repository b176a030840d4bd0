/* CUDA's words for gcc: with this, activities/engine/ort/kernels/fused.cu runs on the processor, thread by thread, each on a stack of
   its own. Threads of a block take turns: a shuffle waits for its warp, __syncthreads for the block. standIn.sh compiles it, once for
   each half type, and the stand-in for libcuda calls stand_in_run. */
#ifndef STAND_IN_KERNELS
#define STAND_IN_KERNELS
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#define __device__
#define __global__
#define __forceinline__ static inline
#define __shared__ static
#define __expf expf
static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
typedef struct { unsigned x, y, z, w; } uint4;
typedef struct { unsigned x, y, z; } dim3;
static dim3 blockIdx, blockDim, gridDim, threadIdx;
static inline float __int_as_float(int i) { float f; memcpy(&f, &i, 4); return f; }
#ifdef FLOAT16
static inline float up(u16 x) { _Float16 h; memcpy(&h, &x, 2); return h; }
static inline u16 down(float f) { _Float16 h = f; u16 x; memcpy(&x, &h, 2); return x; }
#else
static inline float up(u16 x) { unsigned u = (unsigned)x << 16; float f; memcpy(&f, &u, 4); return f; }
static inline u16 down(float f) { unsigned u; memcpy(&u, &f, 4); return f == f ? (u + 0x7fff + ((u >> 16) & 1)) >> 16 : 0x7fc0; }
#endif
enum { MOST = 1024, STACK = 1 << 15 };
static struct { ucontext_t context; int shuffles, ended; } threads[MOST];
static ucontext_t turns;
static char *stacks;
/* Two places a thread: one may write its next number before others have read its last. */
static float slots[2][MOST];
static int current, alive, arrived, generation;
static void yield(void) { swapcontext(&threads[current].context, &turns); }
static float __shfl_xor_sync(unsigned mask, float x, int lane) {
  int own = current, turn = threads[own].shuffles++ & 1;
  slots[turn][own] = x; yield();
  return slots[turn][own ^ lane]; }
static void __syncthreads(void) {
  int before = generation;
  if (++arrived == alive) { arrived = 0; generation++; }
  while (generation == before) yield(); }
typedef long long word;
static void (*kernel)(word, word, word, word, word, word, word, word, word, word, word, word);
static word arguments[12];
static void body(void) {
  word *a = arguments;
  kernel(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
  threads[current].ended = 1; alive--; yield(); }
/* Pointers to so many arguments of eight bytes each. */
void stand_in_run(void *f, const unsigned *grid, const unsigned *block, void **passed, int count) {
  unsigned n = block[0];
  if (!stacks) stacks = malloc((size_t)MOST * STACK);
  kernel = f; gridDim = (dim3){grid[0], grid[1], 1}; blockDim = (dim3){n, 1, 1};
  for (int i = 0; i < 12; i++) arguments[i] = i < count ? *(word *)passed[i] : 0;
  for (unsigned y = 0; y < grid[1]; y++) for (unsigned x = 0; x < grid[0]; x++) {
    blockIdx = (dim3){x, y, 0}; alive = n; arrived = 0;
    for (unsigned t = 0; t < n; t++) {
      ucontext_t *c = &threads[t].context; getcontext(c);
      c->uc_stack.ss_sp = stacks + (size_t)t * STACK; c->uc_stack.ss_size = STACK; c->uc_link = &turns;
      threads[t].shuffles = threads[t].ended = 0; makecontext(c, body, 0); }
    while (alive > 0) for (unsigned t = 0; t < n; t++) if (!threads[t].ended) {
      current = t; threadIdx = (dim3){t, 0, 0}; swapcontext(&turns, &threads[t].context); }
  } }
#endif
