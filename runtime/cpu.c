/* What this machine has: allowed CPUs and instruction set extensions. */
#include "runtime/internal.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

/* CPUs' worth of time that the cgroup in `path` grants; 0 if it sets no limit. */
static uint32_t cgroup_quota(const char *path) {
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  long long quota = 0, period = 0;
  int fields = fscanf(file, "%lld %lld", &quota, &period);
  fclose(file);
  return fields == 2 && quota > 0 && period > 0 ? (uint32_t)((quota + period - 1) / period) : 0;
}

/* The limit of this process's own cgroup (version 2), or of the root that a container sees as its own. */
static uint32_t allowed_by_cgroup(void) {
  char line[512], path[600];
  uint32_t quota = 0;
  FILE *file = fopen("/proc/self/cgroup", "re");
  while (file && !quota && fgets(line, sizeof line, file)) {
    if (strncmp(line, "0::/", 4) != 0) continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", line + 3);
    quota = cgroup_quota(path);
  }
  if (file) fclose(file);
  return quota ? quota : cgroup_quota("/sys/fs/cgroup/cpu.max");
}

uint32_t allowed_cpus(void) {
  /* The kernel refuses masks shorter than its own: grow until it fits. */
  uint32_t count = 1;
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
    cpu_set_t *set = CPU_ALLOC(cpus);
    if (!set) break;
    size_t bytes = CPU_ALLOC_SIZE(cpus);
    bool fits = sched_getaffinity(0, bytes, set) == 0;
    if (fits) count = (uint32_t)CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
    if (fits) break;
  }
  uint32_t quota = allowed_by_cgroup();
  if (quota && quota < count) count = quota;
  return count ? count : 1;
}

#if defined(__x86_64__)
#define ANYWHERE "x86-64-v2"
enum { EAX, EBX, ECX, EDX };
/* Register state that the operating system must save (bits of XCR0). */
enum { NONE = 0, YMM = 0x6, ZMM = 0xe6, TILES = 0x60000 };

static const struct feature {
  const char *name; /* as LLVM spells it; '_', '.' and '-' do not count */
  uint32_t leaf, subleaf;
  uint8_t word, bit;
  uint32_t state;
} features[] = {
    {"sse3", 1, 0, ECX, 0, NONE},
    {"pclmul", 1, 0, ECX, 1, NONE},
    {"pclmulqdq", 1, 0, ECX, 1, NONE},
    {"ssse3", 1, 0, ECX, 9, NONE},
    {"fma", 1, 0, ECX, 12, YMM},
    {"cx16", 1, 0, ECX, 13, NONE},
    {"sse41", 1, 0, ECX, 19, NONE},
    {"sse42", 1, 0, ECX, 20, NONE},
    {"movbe", 1, 0, ECX, 22, NONE},
    {"popcnt", 1, 0, ECX, 23, NONE},
    {"aes", 1, 0, ECX, 25, NONE},
    {"avx", 1, 0, ECX, 28, YMM},
    {"f16c", 1, 0, ECX, 29, YMM},
    {"rdrnd", 1, 0, ECX, 30, NONE},
    {"sse", 1, 0, EDX, 25, NONE},
    {"sse2", 1, 0, EDX, 26, NONE},
    {"cmov", 1, 0, EDX, 15, NONE},
    {"bmi", 7, 0, EBX, 3, NONE},
    {"bmi1", 7, 0, EBX, 3, NONE},
    {"avx2", 7, 0, EBX, 5, YMM},
    {"bmi2", 7, 0, EBX, 8, NONE},
    {"avx512f", 7, 0, EBX, 16, ZMM},
    {"avx512dq", 7, 0, EBX, 17, ZMM},
    {"avx512ifma", 7, 0, EBX, 21, ZMM},
    {"avx512cd", 7, 0, EBX, 28, ZMM},
    {"avx512bw", 7, 0, EBX, 30, ZMM},
    {"avx512vl", 7, 0, EBX, 31, ZMM},
    {"avx512vbmi", 7, 0, ECX, 1, ZMM},
    {"avx512vbmi2", 7, 0, ECX, 6, ZMM},
    {"gfni", 7, 0, ECX, 8, NONE},
    {"vaes", 7, 0, ECX, 9, YMM},
    {"vpclmulqdq", 7, 0, ECX, 10, YMM},
    {"avx512vnni", 7, 0, ECX, 11, ZMM},
    {"avx512bitalg", 7, 0, ECX, 12, ZMM},
    {"avx512vpopcntdq", 7, 0, ECX, 14, ZMM},
    {"amxbf16", 7, 0, EDX, 22, TILES},
    {"avx512fp16", 7, 0, EDX, 23, ZMM},
    {"amxtile", 7, 0, EDX, 24, TILES},
    {"amxint8", 7, 0, EDX, 25, TILES},
    {"avxvnni", 7, 1, EAX, 4, YMM},
    {"avx512bf16", 7, 1, EAX, 5, ZMM},
    {"avxifma", 7, 1, EAX, 23, YMM},
    {"avxvnniint8", 7, 1, EDX, 4, YMM},
    {"lzcnt", 0x80000001, 0, ECX, 5, NONE},
    {"abm", 0x80000001, 0, ECX, 5, NONE},
    {"prfchw", 0x80000001, 0, ECX, 8, NONE},
    {"fma4", 0x80000001, 0, ECX, 16, YMM},
};

static bool has_feature(const struct feature *feature) {
  uint32_t words[4];
  if (!__get_cpuid_count(feature->leaf, feature->subleaf, &words[EAX], &words[EBX], &words[ECX],
                         &words[EDX]) ||
      !(words[feature->word] >> feature->bit & 1))
    return false;
  if (!feature->state) return true;
  __cpuid(1, words[EAX], words[EBX], words[ECX], words[EDX]);
  if (!(words[ECX] >> 27 & 1)) return false; /* no OSXSAVE: wide registers are not saved */
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & feature->state) == feature->state;
}
#elif defined(__aarch64__)
#define ANYWHERE "generic"
static const struct feature {
  const char *name;
  unsigned long vector, bit;
} features[] = {
    {"neon", AT_HWCAP, 1 << 1},     {"lse", AT_HWCAP, 1 << 8},        {"fullfp16", AT_HWCAP, 1 << 10},
    {"rdm", AT_HWCAP, 1 << 12},     {"complxnum", AT_HWCAP, 1 << 14}, {"sha3", AT_HWCAP, 1 << 17},
    {"dotprod", AT_HWCAP, 1 << 20}, {"sve", AT_HWCAP, 1 << 22},       {"fp16fml", AT_HWCAP, 1 << 23},
    {"sve2", AT_HWCAP2, 1 << 1},    {"i8mm", AT_HWCAP2, 1 << 13},     {"bf16", AT_HWCAP2, 1 << 14},
    {"cssc", AT_HWCAP2, 1ul << 34}, {"mops", AT_HWCAP2, 1ul << 43},
};

static bool has_feature(const struct feature *feature) {
  return getauxval(feature->vector) & feature->bit;
}
#else
#error "girih's runtime knows x86-64 and AArch64: add the feature table of this architecture"
#endif

/* Compares `name` with the `length` characters at `text`, of which '_', '.' and '-' do not count. */
static bool same_feature(const char *name, const char *text, size_t length) {
  for (size_t i = 0; i < length; ++i) {
    if (strchr("_.- ", text[i])) continue;
    if (*name++ != text[i]) return false;
  }
  return !*name;
}

girih_status check_features(const char *required, const char *target_cpu, girih_error *error) {
  char missing[512] = "";
  text_buffer list = {missing, 0, sizeof missing};
  for (const char *text = required ? required : ""; *text;) {
    size_t length = strcspn(text, ",");
    const struct feature *feature = NULL;
    for (size_t i = 0; i < sizeof features / sizeof *features && !feature; ++i)
      if (same_feature(features[i].name, text, length)) feature = &features[i];
    if (length && !(feature && has_feature(feature)))
      append(&list, "%s%.*s", list.length ? ", " : "", (int)length, text);
    text += length + (text[length] == ',');
  }
  if (!list.length) return GIRIH_OK;
  return fail(error, GIRIH_INCOMPATIBLE,
              "this model was compiled for %s; this CPU, or its operating system, lacks %s: compile it again "
              "with --cpu=host "
              "on this machine, or --cpu=" ANYWHERE " to run anywhere",
              target_cpu ? target_cpu : "another CPU", missing);
}
