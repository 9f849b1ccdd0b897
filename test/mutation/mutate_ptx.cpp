// Damages a PTX program in seeded ways, loads each result and runs every kernel that it still has, for a
// limited number of instructions. A program may run, fault or be refused; anything else (a crash, a hang, a
// refusal without a place) ends this program, and the last line on stdout is the seed that did it.
#include "tools/ptxsim/Simulator.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <regex>
#include <unistd.h>

using namespace girih::ptx;

namespace {

class Mutator {
public:
  Mutator(std::string original, unsigned seed) : text(std::move(original)), random(seed) {}

  std::string run() {
    for (size_t n = 1 + below(3); n-- && !text.empty();)
      step();
    return std::move(text);
  }

private:
  size_t below(size_t n) { return n ? std::uniform_int_distribution<size_t>(0, n - 1)(random) : 0; }

  /// The word that begins at or after `at`: letters, digits and what PTX has within names.
  std::pair<size_t, size_t> word(size_t at) const {
    static constexpr const char *letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$%";
    size_t begin = text.find_first_of(letters, at);
    if (begin == std::string::npos) return {text.size(), 0};
    size_t end = std::min(text.find_first_not_of(letters, begin), text.size());
    return {begin, end - begin};
  }
  std::pair<size_t, size_t> line(size_t at) const {
    size_t begin = text.rfind('\n', at), end = text.find('\n', at);
    begin = begin == std::string::npos ? 0 : begin + 1;
    return {begin, (end == std::string::npos || end < begin ? text.size() : end) - begin};
  }

  void step() {
    static constexpr const char *values[] = {"-1",         "0",
                                             "1",          "255",
                                             "2147483648", "18446744073709551615",
                                             "0f7F800000", "99999999999999999999",
                                             "_",          "[%r1]",
                                             "{%r1}",      "%p1"};
    size_t at = below(text.size()), other = below(text.size());
    switch (below(8)) {
    case 0:
      text[at] = char(below(256));
      break;
    case 1:
      text.erase(at, 1 + below(8));
      break;
    case 2: {
      auto [begin, size] = line(at);
      text.erase(begin, size);
      break;
    }
    case 3: {
      auto [from, size] = line(other);
      text.insert(line(at).first, text.substr(from, size) + "\n");
      break;
    }
    case 4:
      if (below(8) == 0) text.resize(at);
      break;
    case 5: {
      auto [begin, size] = word(at);
      text.replace(begin, size, values[below(std::size(values))]);
      break;
    }
    default: { // another word of the program, half of the time one nearby
      auto [begin, size] = word(at);
      auto [from, length] = word(below(2) ? other : at + below(200));
      std::string with = text.substr(std::min(from, text.size()), length);
      text.replace(begin, size, with);
    }
    }
  }

  std::string text;
  std::mt19937 random;
};

/// Null if the error is as it should be: one line that says where.
const char *judge(const std::string &error) {
  static const std::regex form("error: [^:\n]+:[0-9]+:[0-9]+: [^\n]+");
  return std::regex_match(error, form) ? nullptr : "an error without a place, or of more than one line";
}

void runKernels(Device &device, const LoadedModule &module) {
  uint64_t buffer = device.memory().allocate(1 << 16);
  for (const Function &f : module.module().functions) {
    const Program *program = f.isEntry ? module.kernel(f.name) : nullptr;
    if (!program) continue;
    Launch launch;
    launch.grid[0] = 2, launch.block[0] = 64, launch.threads = 1, launch.maxWarpInstructions = 1 << 16;
    launch.print = [](const std::string &) {};
    launch.params.resize(program->paramBytes);
    for (const KernelParameter &p : program->params)
      if (p.bytes == 8)
        memcpy(launch.params.data() + p.offset, &buffer, 8);
      else
        memset(launch.params.data() + p.offset, p.bytes == 4 ? 1 : 0, 1);
    for (const Report &r : device.launch(*program, launch).reports)
      formatReport(module.module(), r);
  }
  device.memory().release(buffer);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: ptx-mutate FILE.ptx FIRST COUNT\n"
                    "loads and runs COUNT damaged copies of a program, seeds FIRST and on\n");
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  std::string original((std::istreambuf_iterator<char>(file)), {});
  if (original.empty()) return fprintf(stderr, "error: %s cannot be read\n", argv[1]), 2;
  unsigned first = unsigned(atoi(argv[2])), count = unsigned(atoi(argv[3])), ran = 0;
  Device device(DeviceOptions{.memoryBytes = 1ull << 30});
  for (unsigned seed = first; seed < first + count; ++seed) {
    printf("%u\n", seed);
    fflush(stdout);
    alarm(30); // a hang ends in a signal
    std::string error;
    LoadedModule *module = device.load(Mutator(original, seed).run(), "program.ptx", error);
    if (!module) {
      const char *complaint = judge(error);
      if (complaint) return fprintf(stderr, "seed %u: %s:\n%s\n", seed, complaint, error.c_str()), 3;
      continue;
    }
    ++ran;
    runKernels(device, *module);
    device.unload(module);
  }
  printf("%u of %u were loaded, the others were refused properly\n", ran, count);
  return 0;
}
