#include "tools/ptxsim/timing/BasicBlocks.h"
#include "tools/ptxsim/timing/Model.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace girih::ptx {

//===-- ptxas -----------------------------------------------------------------------===//

namespace {
/// A file that ptxas reads, gone with this.
struct TemporaryFile {
  std::string path;
  int file;
  TemporaryFile() {
    std::error_code code;
    path = std::filesystem::temp_directory_path(code) / "girih-ptxsim-XXXXXX";
    file = code ? -1 : mkstemp(path.data());
  }
  ~TemporaryFile() {
    if (file >= 0) close(file), unlink(path.c_str());
  }
  bool write(const std::string &text) {
    return file >= 0 && ftruncate(file, 0) == 0 &&
           pwrite(file, text.data(), text.size(), 0) == ssize_t(text.size());
  }
};
} // namespace

/// Runs `ptxas -v`; what it said on its outputs. False if there is none or it failed.
static bool runPtxas(const char *name, const std::string &target, const char *path, std::string &said) {
  int out[2];
  if (pipe2(out, O_CLOEXEC)) return false;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, out[1], 2);
  std::string arch = "-arch=" + target;
  const char *arguments[] = {name, "-v", arch.c_str(), "-o", "/dev/null", path, nullptr};
  pid_t child = 0;
  int failed = posix_spawnp(&child, name, &actions, nullptr, const_cast<char **>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  said.clear();
  char buffer[4096];
  for (ssize_t n; (n = read(out[0], buffer, sizeof(buffer))) > 0;)
    said.append(buffer, size_t(n));
  close(out[0]);
  int status = 1;
  return !failed && waitpid(child, &status, 0) == child && status == 0;
}

/// What `ptxas -v` says about a kernel; 0 if it is not installed or refuses the program. The environment's
/// PTXAS names another, or none.
static unsigned registersByPtxas(const Program &program, const Gpu &gpu) {
  TemporaryFile file;
  // A program for a newer or a specific architecture is not run on another GPU: then its own counts.
  const std::string &own = program.module->target;
  std::string said;
  std::vector<const char *> names = {"ptxas", "/usr/local/cuda/bin/ptxas"};
  if (const char *chosen = getenv("PTXAS")) names = {chosen};
  for (const std::string &target : {gpu.target, own.substr(0, own.find(','))})
    for (const char *name : names) {
      std::string text = program.module->text;
      if (!file.write(text)) continue;
      bool ok = runPtxas(name, target, file.path.c_str(), said);
      // A ptxas older than the program says which version it reads: mostly that is enough.
      constexpr std::string_view current = "current version is '";
      size_t at = said.find(current), version = text.find(".version");
      if (!ok && at != std::string::npos && version != std::string::npos) {
        at += current.size();
        text.replace(version, text.find('\n', version) - version,
                     ".version " + said.substr(at, said.find('\'', at) - at));
        ok = file.write(text) && runPtxas(name, target, file.path.c_str(), said);
      }
      // "Compiling entry function 'NAME' for ..." comes before "Used N registers".
      at = ok ? said.find("'" + program.functions[0].function->name + "'") : std::string::npos;
      at = at == std::string::npos ? at : said.find("Used ", at);
      if (at != std::string::npos) return unsigned(strtoul(said.c_str() + at + 5, nullptr, 10));
    }
  return 0;
}

//===-- The estimate ---------------------------------------------------------------===//

namespace {
/// A set of registers.
struct Bits {
  std::vector<uint64_t> words;
  explicit Bits(size_t count) : words((count + 63) / 64) {}
  void set(uint32_t n, bool to) {
    if (to)
      words[n / 64] |= 1ull << n % 64;
    else
      words[n / 64] &= ~(1ull << n % 64);
  }
  bool has(uint32_t n) const { return words[n / 64] >> n % 64 & 1; }
  bool join(const Bits &other) {
    bool changed = false;
    for (size_t n = 0; n < words.size(); ++n)
      changed |= (other.words[n] & ~words[n]) != 0, words[n] |= other.words[n];
    return changed;
  }
};
} // namespace

unsigned estimateRegisters(const Program &program) {
  const Function &f = *program.functions[0].function;
  if (f.body.empty()) return 16;
  ProgramCosts costs = costsOf(program, gpus().front());
  std::vector<const Cost *> costOf(f.body.size(), nullptr);
  size_t end = program.functions.size() > 1 ? program.functions[1].begin : program.code.size();
  for (size_t n = 0; n < end; ++n)
    if (const Instruction *i = program.code[n].source)
      if (i >= f.body.data() &&
          i < f.body.data() + f.body.size()) // the last of its decoded ones has the cost
        costOf[size_t(i - f.body.data())] = &costs.code[n];
  std::vector<BasicBlock> blocks = basicBlocks(f);
  std::vector<Bits> liveIn(blocks.size(), Bits(f.registers.size()));
  unsigned most = 0;
  auto words = [&](uint32_t r) {
    return f.registers[r].type == Type::Pred ? 0u : std::max(1u, typeBytes(f.registers[r].type) / 4);
  };
  for (bool changed = true, last = false; changed || last;) {
    changed = false;
    for (size_t b = blocks.size(); b-- > 0;) {
      Bits live(f.registers.size());
      for (size_t n : blocks[b].next)
        live.join(liveIn[n]);
      unsigned count = 0;
      for (uint32_t r = 0; last && r < f.registers.size(); ++r)
        count += live.has(r) ? words(r) : 0;
      for (size_t n = blocks[b].end; n-- > blocks[b].begin;) {
        if (!costOf[n]) continue;
        auto set = [&](uint32_t r, bool to) {
          if (live.has(r) == to) return;
          live.set(r, to);
          count += to ? words(r) : -words(r);
        };
        for (uint32_t r : costOf[n]->writes)
          set(r, false);
        for (uint32_t r : costOf[n]->reads)
          set(r, true);
        if (last) most = std::max(most, count);
      }
      changed |= liveIn[b].join(live);
    }
    if (last) break;
    if (!changed) last = true; // once more, counting
  }
  constexpr unsigned system = 8; // the stack, addresses in flight
  return std::clamp((most + system + 7) / 8 * 8, 16u, 255u);
}

//===-- Blocks an SM ------------------------------------------------------------===//

Occupancy occupancyOf(const Program &program, const Launch &launch, const Gpu &gpu) {
  unsigned registers = registersByPtxas(program, gpu);
  return registers ? occupancyWith(program, launch, gpu, registers, "ptxas")
                   : occupancyWith(program, launch, gpu, estimateRegisters(program), "estimate");
}

Occupancy occupancyWith(const Program &program, const Launch &launch, const Gpu &gpu, unsigned registers,
                        const char *source) {
  Occupancy o;
  o.registers = registers, o.registerSource = source;
  unsigned threads = launch.block[0] * launch.block[1] * launch.block[2];
  o.warpsPerBlock = (threads + warpSize - 1) / warpSize;
  if (o.registerSource == "estimate") // a kernel that can be launched fits
    o.registers = std::min(o.registers, std::max(16u, gpu.registers / (o.warpsPerBlock * warpSize) / 8 * 8));
  o.sharedBytes = program.sharedBytes + launch.dynamicSharedBytes;
  // Registers are given to warps in units of 256, four schedulers having a quarter each.
  unsigned perWarp = (o.registers * warpSize + 255) / 256 * 256,
           warpsByRegisters = gpu.registers / Gpu::schedulers / std::max(1u, perWarp) * Gpu::schedulers;
  unsigned shared = (o.sharedBytes + gpu.sharedReserved + 127) / 128 * 128;
  std::pair<unsigned, const char *> limits[] = {{gpu.blocks, "blocks"},
                                                {gpu.warps / o.warpsPerBlock, "warps"},
                                                {warpsByRegisters / o.warpsPerBlock, "registers"},
                                                {gpu.sharedBytes / shared, "shared memory"}};
  auto least = std::min_element(std::begin(limits), std::end(limits),
                                [](const auto &a, const auto &b) { return a.first < b.first; });
  o.blocks = least->first, o.limit = least->second;
  o.fraction = double(o.blocks * o.warpsPerBlock) / gpu.warps;
  return o;
}

} // namespace girih::ptx
