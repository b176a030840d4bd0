/* A stand-in for CUDA's libraries where there is no GPU: device memory is ordinary memory, and kernels do nothing. Tries sessions,
   placement, bindings and recordings on CUDA's provider, where it cannot find wrong numbers; with the CPU's provider on its memory
   (the device cuda-rehearsal) the numbers are right too. It counts what is copied and what is not freed. standIn.sh builds it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <stdio.h>
/* By cudaMemcpyKind: 1 to the device, 2 from it, 3 on it. */
static long copies[4], copied[4], live;
long stand_in_copies(int kind) { return copies[kind]; }
long stand_in_copied(int kind) { return copied[kind]; }
long stand_in_live() { return live; }
static void count(int kind, size_t n) { copies[kind & 3]++; copied[kind & 3] += n; }
/* As much as there is to be given out, in bytes; 0 is no bound. */
static size_t bound; void stand_in_bound(size_t n) { bound = n; }
int cudaMalloc(void **p, size_t n) {
  if (bound && n > bound) return 2;
  *p = aligned_alloc(256, (n + 255) / 256 * 256 + 256); memset(*p, 0xff, n); live++; return 0; }
int cudaMallocFromPoolAsync(void **p, size_t n, void *a, void *b) { return cudaMalloc(p, n); }
int cudaHostAlloc(void **p, size_t n, unsigned f) { return cudaMalloc(p, n); }
int cudaMallocHost(void **p, size_t n) { return cudaMalloc(p, n); }
int cudaFree(void *p) { if (p) live--; free(p); return 0; }
int cudaFreeAsync(void *p, void *s) { return cudaFree(p); }
int cudaFreeHost(void *p) { return cudaFree(p); }
int cudaMemcpy(void *d, const void *s, size_t n, int k) { count(k, n); memcpy(d, s, n); return 0; }
int cudaMemcpyAsync(void *d, const void *s, size_t n, int k, void *st) { return cudaMemcpy(d, s, n, k); }
/* cudaMemcpy3DParms of pitched pointers alone. */
int cudaMemcpy3D(const size_t *p) {
  size_t width = p[16], height = p[17], depth = p[18];
  if (p[0] || p[8]) return 1;
  for (size_t z = 0; z < depth; z++) for (size_t y = 0; y < height; y++)
    memcpy((char *)p[12] + p[13] * (z * p[15] + y), (char *)p[4] + p[5] * (z * p[7] + y), width);
  count(p[19], width * height * depth); return 0; }
int cudaMemset(void *d, int v, size_t n) { memset(d, v, n); return 0; }
int cudaMemsetAsync(void *d, int v, size_t n, void *s) { memset(d, v, n); return 0; }
int cudaGetDeviceCount(int *n) { *n = 1; return 0; }
int cudaGetDevice(int *n) { *n = 0; return 0; }
int cudaMemGetInfo(size_t *f, size_t *t) { *f = *t = (size_t)64 << 30; return 0; }
int cudaDriverGetVersion(int *v) { *v = 13000; return 0; }
int cudaRuntimeGetVersion(int *v) { *v = 13000; return 0; }
int cudaGetDeviceProperties(char *p, int d) { memset(p, 0, 900); strcpy(p, "stand-in"); 
  /* cudaDeviceProp of CUDA 13 */
  *(size_t *)(p + 288) = (size_t)64 << 30; *(size_t *)(p + 296) = 49152; *(int *)(p + 304) = 65536; *(int *)(p + 308) = 32; *(size_t *)(p + 312) = 1 << 20; *(int *)(p + 320) = 1024;
  *(int *)(p + 324) = 1024; *(int *)(p + 328) = 1024; *(int *)(p + 332) = 64; *(int *)(p + 336) = 2147483647; *(int *)(p + 340) = 65535; *(int *)(p + 344) = 65535;
  *(size_t *)(p + 352) = 65536; *(int *)(p + 360) = 9; *(int *)(p + 364) = 0; return 0; }
int cudaDeviceGetAttribute(int *v, int a, int d) { *v = a == 16 ? 132 : a == 75 ? 9 : a == 76 ? 0 : a == 97 ? 227 * 1024 : a == 81 ? 228 * 1024 : 64; return 0; }
int cudaStreamCreate(void **s) { *s = malloc(8); return 0; }
int cudaStreamCreateWithFlags(void **s, unsigned f) { *s = malloc(8); return 0; }
int cudaEventCreate(void **s) { *s = malloc(8); return 0; }
int cudaEventCreateWithFlags(void **s, unsigned f) { *s = malloc(8); return 0; }
int cudaEventElapsedTime(float *ms, void *a, void *b) { *ms = 1; return 0; }
int cudaStreamEndCapture(void *s, void **g) { *g = malloc(8); return 0; }
int cudaStreamIsCapturing(void *s, int *v) { *v = 0; return 0; }
int cudaGraphInstantiate(void **e, void *g, unsigned long long f) { *e = malloc(8); return 0; }
int cudaPointerGetAttributes(int *a, const void *p) { memset(a, 0, 32); a[0] = 2; return 0; }
const char *cudaGetErrorString(int e) { return "stand-in"; }
const char *cudaGetErrorName(int e) { return "stand-in"; }
void **__cudaRegisterFatBinary(void *p) { return malloc(8); }
int __cudaPushCallConfiguration() { return 0; }
int __cudaPopCallConfiguration() { return 0; }
int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *n, const void *f, int b, size_t s, unsigned g) { *n = 2; return 0; }
int cudaFuncGetAttributes(char *a, const void *f) { memset(a, 0, 64); *(int*)(a+24) = 1024; return 0; }
int cudaMemPoolCreate(void **p, void *x) { *p = malloc(8); return 0; }
int cudaLibraryLoadData(void **p) { *p = malloc(8); return 0; }
int cudaLibraryGetKernel(void **p) { *p = malloc(8); return 0; }
int cublasCreate_v2(void **h) { *h = malloc(8); return 0; }
int cublasLtCreate(void **h) { *h = malloc(8); return 0; }
int cublasLtMatmulDescCreate(void **h) { *h = malloc(8); return 0; }
int cublasLtMatrixLayoutCreate(void **h) { *h = malloc(8); return 0; }
int cublasLtMatmulPreferenceCreate(void **h) { *h = malloc(8); return 0; }
int cublasGetMathMode(void *h, int *m) { *m = 0; return 0; }
int cublasLtMatmulAlgoGetHeuristic(void*a,void*b,void*c,void*d,void*e,void*f,void*g,int n,void*r,int*found) { *found = 1; memset(r, 0, 80); return 0; }
const char *cublasGetStatusString(int e) { return "stand-in"; }
const char *cublasGetStatusName(int e) { return "stand-in"; }
int cudnnCreate(void **h) { *h = malloc(8); return 0; }
int cudnnSetStream(void *h, void *s) { return 0; }
int cudnnDestroy(void *h) { return 0; }
size_t cudnnGetVersion() { return 91200; }
size_t cudnnGetCudartVersion() { return 13000; }
const char *cudnnGetErrorString(int e) { return "stand-in"; }
int cuInit(unsigned f) { return 0; }
/* Kernels of fused.cu are those that gcc has compiled (standInKernels.h): their "machine code" is the path of a library. Others do nothing. */
struct kernel { void *function; void (*run)(void *, const unsigned *, const unsigned *, void **, int); };
int cuModuleLoadData(void **m, const void *p) { *m = *(const char *)p == '/' ? dlopen(p, RTLD_NOW | RTLD_LOCAL) : 0; return 0; }
int cuModuleGetFunction(void **f, void *m, const char *n) {
  struct kernel *k = calloc(1, sizeof *k); *f = k;
  if (m) { k->function = dlsym(m, n); k->run = dlsym(m, "stand_in_run"); }
  return m && !k->function; }
static long launched; long stand_in_launched() { return launched; }
int cuLaunchKernel(struct kernel *k, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **passed, void **extra) {
  unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
  launched++;
  if (k->run) k->run(k->function, grid, block, passed, 12);
  return 0; }
static char code[4096];
int nvrtcCreateProgram(void **program) { *program = code; return 0; }
int nvrtcCompileProgram(void *program, int n, const char **options) {
  Dl_info own; dladdr(code, &own);
  for (int i = 0; i < n; i++) if (!strncmp(options[i], "-D", 2))
    snprintf(code, sizeof code, "%.*s/kernels-%s.so", (int)(strrchr(own.dli_fname, '/') - own.dli_fname), own.dli_fname, options[i] + 2);
  return code[0] != '/'; }
int nvrtcGetCUBINSize(void *program, size_t *size) { *size = strlen(code) + 1; return 0; }
int nvrtcGetCUBIN(void *program, char *image) { strcpy(image, code); return 0; }
int nvrtcGetProgramLogSize(void *program, size_t *size) { *size = 1; return 0; }
int nvrtcGetProgramLog(void *program, char *text) { *text = 0; return 0; }
int cuCtxSynchronize() { return 0; }
int cudaProfilerStart() { return 0; }
int cudaProfilerStop() { return 0; }

/* What onnxruntime's CUDA provider links besides, and needs no answer of. */
#define NOTHING(name) int name() { return 0; }
NOTHING(__cudaGetKernel)
NOTHING(__cudaLaunchKernel)
NOTHING(__cudaRegisterFatBinaryEnd)
NOTHING(__cudaRegisterFunction)
NOTHING(__cudaRegisterVar)
NOTHING(__cudaUnregisterFatBinary)
NOTHING(cuTensorMapEncodeTiled)
NOTHING(cublasDcopy_v2)
NOTHING(cublasDestroy_v2)
NOTHING(cublasDgeam)
NOTHING(cublasDgemmBatched)
NOTHING(cublasDgemmStridedBatched)
NOTHING(cublasDgemm_v2)
NOTHING(cublasDgetrfBatched)
NOTHING(cublasDgetriBatched)
NOTHING(cublasGemmBatchedEx)
NOTHING(cublasGemmEx)
NOTHING(cublasGemmStridedBatchedEx)
NOTHING(cublasLtDestroy)
NOTHING(cublasLtMatmul)
NOTHING(cublasLtMatmulAlgoConfigSetAttribute)
NOTHING(cublasLtMatmulAlgoInit)
NOTHING(cublasLtMatmulDescDestroy)
NOTHING(cublasLtMatmulDescSetAttribute)
NOTHING(cublasLtMatmulPreferenceDestroy)
NOTHING(cublasLtMatmulPreferenceSetAttribute)
NOTHING(cublasLtMatrixLayoutDestroy)
NOTHING(cublasLtMatrixLayoutSetAttribute)
NOTHING(cublasLtMatrixTransform)
NOTHING(cublasLtMatrixTransformDescCreate)
NOTHING(cublasLtMatrixTransformDescDestroy)
NOTHING(cublasScopy_v2)
NOTHING(cublasSetMathMode)
NOTHING(cublasSetStream_v2)
NOTHING(cublasSgeam)
NOTHING(cublasSgemmBatched)
NOTHING(cublasSgemmStridedBatched)
NOTHING(cublasSgemm_v2)
NOTHING(cublasSgetrfBatched)
NOTHING(cublasSgetriBatched)
NOTHING(cublasSscal_v2)
NOTHING(cudaDeviceSynchronize)
NOTHING(cudaEventDestroy)
NOTHING(cudaEventRecord)
NOTHING(cudaEventSynchronize)
NOTHING(cudaFuncSetAttribute)
NOTHING(cudaGetDriverEntryPointByVersion)
NOTHING(cudaGetLastError)
NOTHING(cudaGraphDestroy)
NOTHING(cudaGraphExecDestroy)
NOTHING(cudaGraphLaunch)
NOTHING(cudaKernelSetAttributeForDevice)
NOTHING(cudaLaunchCooperativeKernel)
NOTHING(cudaLaunchHostFunc)
NOTHING(cudaLaunchKernel)
NOTHING(cudaLaunchKernelExC)
NOTHING(cudaLibraryUnload)
NOTHING(cudaMemPoolDestroy)
NOTHING(cudaMemPoolGetAttribute)
NOTHING(cudaMemPoolSetAttribute)
NOTHING(cudaMemPoolTrimTo)
NOTHING(cudaMemcpy2DAsync)
NOTHING(cudaMemcpyFromSymbol)
NOTHING(cudaPeekAtLastError)
NOTHING(cudaSetDevice)
NOTHING(cudaStreamBeginCapture)
NOTHING(cudaStreamDestroy)
NOTHING(cudaStreamSynchronize)
NOTHING(cudaStreamWaitEvent)
