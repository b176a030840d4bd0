/* Kernel times by name, through CUPTI: kernel_times_start(), kernel_times_stop(FILE). Build with CUDA's headers:
   gcc -O2 -shared -fPIC kernelTimes.c -I…/include -L…/lib -l:libcupti.so.13 -o libkernelTimes.so */
#include <cupti.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct { char *name; unsigned long long ns, count; } Row;
static Row rows[8192]; static int used; static unsigned long long first, last, busyEnd, busy;
static void add(const char *name, unsigned long long s, unsigned long long e) {
  if (!first || s < first) first = s; if (e > last) last = e;
  unsigned long long from = s > busyEnd ? s : busyEnd; if (e > from) { busy += e - from; busyEnd = e; }
  for (int i = 0; i < used; i++) if (!strcmp(rows[i].name, name)) { rows[i].ns += e - s; rows[i].count++; return; }
  if (used < 8192) { rows[used].name = strdup(name); rows[used].ns = e - s; rows[used++].count = 1; }
}
static void CUPTIAPI request(uint8_t **buffer, size_t *size, size_t *records) { *size = 8 << 20; *buffer = aligned_alloc(8, *size); *records = 0; }
static void CUPTIAPI complete(CUcontext c, uint32_t stream, uint8_t *buffer, size_t size, size_t valid) {
  CUpti_Activity *record = NULL;
  while (cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS) {
    if (record->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL || record->kind == CUPTI_ACTIVITY_KIND_KERNEL) { CUpti_ActivityKernel10 *k = (CUpti_ActivityKernel10 *)record; add(k->name, k->start, k->end); }
    else if (record->kind == CUPTI_ACTIVITY_KIND_MEMCPY) { CUpti_ActivityMemcpy6 *m = (CUpti_ActivityMemcpy6 *)record; char n[32]; sprintf(n, "memcpy kind %d", m->copyKind); add(n, m->start, m->end); }
    else if (record->kind == CUPTI_ACTIVITY_KIND_MEMSET) { CUpti_ActivityMemset4 *m = (CUpti_ActivityMemset4 *)record; add("memset", m->start, m->end); }
  }
  free(buffer);
}
int kernel_times_start(void) {
  used = 0; first = last = busy = busyEnd = 0;
  int r = cuptiActivityRegisterCallbacks(request, complete); if (r) return r;
  r = cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL); if (r) return r;
  cuptiActivityEnable(CUPTI_ACTIVITY_KIND_MEMCPY); cuptiActivityEnable(CUPTI_ACTIVITY_KIND_MEMSET);
  return 0;
}
int kernel_times_stop(const char *file) {
  cuptiActivityFlushAll(1);
  cuptiActivityDisable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL); cuptiActivityDisable(CUPTI_ACTIVITY_KIND_MEMCPY); cuptiActivityDisable(CUPTI_ACTIVITY_KIND_MEMSET);
  FILE *f = fopen(file, "w"); if (!f) return -1;
  fprintf(f, "span %llu busy %llu\n", last - first, busy);
  for (int i = 0; i < used; i++) fprintf(f, "%llu\t%llu\t%s\n", rows[i].ns, rows[i].count, rows[i].name);
  fclose(f); return used;
}
