/* Memory from the system. */
#include "runtime/internal.h"
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((int64_t)2 << 20)

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

void *map_memory(int64_t bytes) {
  if (bytes > MAX_BYTES) return NULL;
  /* Room to begin at a huge page's border; what is left over at both ends is never touched. */
  bool large = bytes >= 2 * HUGE_PAGE;
  size_t length = (size_t)(large ? bytes + HUGE_PAGE : bytes);
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (!large) return memory;
  char *aligned = (char *)(((uintptr_t)memory + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1));
  if (aligned != memory) munmap(memory, (size_t)(aligned - memory));
  int64_t page = sysconf(_SC_PAGESIZE), kept = (bytes + page - 1) / page * page;
  char *end = memory + (length + (size_t)page - 1) / (size_t)page * (size_t)page;
  if (aligned + kept < end) munmap(aligned + kept, (size_t)(end - (aligned + kept)));
  madvise(aligned, (size_t)kept, MADV_HUGEPAGE);
  return aligned;
}

void unmap_memory(void *memory, int64_t bytes) {
  if (memory) munmap(memory, (size_t)bytes);
}

char *map_home(void) {
  char *home = map_memory(1);
  if (home && madvise(home, (size_t)sysconf(_SC_PAGESIZE), MADV_WIPEONFORK)) {
    unmap_memory(home, 1);
    return NULL;
  }
  if (home) *home = 1;
  return home;
}
