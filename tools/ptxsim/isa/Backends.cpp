#include "tools/ptxsim/isa/Table.h"
#include <cstdlib>

namespace girih::ptx {

// Each is compiled from exec/vector; CMakeLists.txt has the flags.
namespace v3 {
extern const Selector selectors[];
}
namespace v4 {
extern const Selector selectors[];
}

static bool runsV3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("f16c");
}
static bool runsV4() {
  return runsV3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512cd");
}

const Backend *chooseBackend() {
  static const Backend backends[] = {{"x86-64-v4", runsV4, v4::selectors},
                                     {"x86-64-v3", runsV3, v3::selectors}};
  const char *wanted = getenv("GIRIH_PTXSIM_ISA");
  for (const Backend &b : backends)
    if (b.supported() && (!wanted || std::string_view(wanted) == b.name)) return &b;
  return nullptr;
}

} // namespace girih::ptx
