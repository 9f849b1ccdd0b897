#include "tools/ptxsim/exec/Launcher.h"
#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <deque>
#include <thread>

namespace girih::ptx {

Launcher::Launcher(const DeviceOptions &device, Memory &memory, const Program &program, const Launch &launch,
                   LaunchResult &result)
    : memory(memory), code(program), launch(launch), result(result) {
  static std::atomic<uint64_t> grids{0};
  for (unsigned d = 0; d < 3; ++d) {
    state.grid[d] = launch.grid[d], state.block[d] = launch.block[d], state.cluster[d] = launch.cluster[d];
    clusters *= launch.grid[d] / launch.cluster[d];
  }
  if (!launch.sample.empty()) clusters = launch.sample.size();
  params = launch.params;
  params.resize(program.paramBytes + 16); // what a kernel reads is there whatever the caller gave
  state.params = params.data(), state.paramBytes = program.paramBytes;
  state.localBytes = program.localBytes;
  // Whole words: compilers make atomics of 16 bits from those of 32.
  state.reservedSharedBytes = program.reservedSharedBytes;
  state.sharedBytes =
      state.reservedSharedBytes + (program.sharedBytes + launch.dynamicSharedBytes + 3) / 4 * 4;
  state.dynamicSharedBytes = launch.dynamicSharedBytes;
  state.constants = program.constants, state.code = program.code.data();
  state.observer = launch.observer;
  state.gridId = ++grids;
  state.smCount = device.smCount;
  if (launch.cooperative) state.gridWorkspace = memory.allocate(64);
}

Launcher::~Launcher() {
  if (state.gridWorkspace) memory.release(state.gridWorkspace);
}

void Launcher::run() {
  unsigned hosts = launch.threads ? launch.threads : std::max(1u, std::thread::hardware_concurrency());
  hosts = unsigned(std::min<uint64_t>(hosts, clusters));
  std::vector<Worker> workers(hosts);
  bool observes = launch.observer && (launch.observeInstructions || launch.observer->needsInstructions());
  bool counts = launch.count || observes || (launch.observer && launch.observer->needsValues());
  lastWork = lastProgress = std::chrono::steady_clock::now();
  for (Worker &w : workers) {
    running.push_back(&w);
    w.launcher = this;
    w.ranges.resize(code.code.size());
    w.freeFrames.resize(code.functions.size());
    w.observesInstructions = observes;
    if (counts) w.executions.resize(code.code.size()), w.laneExecutions.resize(code.code.size());
  }
  std::vector<std::thread> threads;
  for (unsigned n = 1; n < hosts; ++n)
    threads.emplace_back([&, n] { work(workers[n]); });
  work(workers[0]);
  for (std::thread &t : threads)
    t.join();
  if (counts) result.executions.resize(code.code.size()), result.laneExecutions.resize(code.code.size());
  for (Worker &w : workers)
    for (size_t n = 0; n < w.executions.size(); ++n)
      result.executions[n] += w.executions[n], result.laneExecutions[n] += w.laneExecutions[n];
}

/// Whether all clusters that run have been waiting for memory to change, for so long that it will not. Called
/// after each turn; a worker that works, or has not had its turns yet, keeps the others from giving up.
bool Launcher::allWait(Worker &worker, bool waits, size_t turns) {
  using Clock = std::chrono::steady_clock;
  constexpr auto patience = std::chrono::seconds(2);
  std::lock_guard<std::mutex> guard(lock);
  if (!waits) {
    worker.quietTurns = 0, ++workedTurns;
    lastWork = Clock::now();
    return false;
  }
  if (worker.quietSince != workedTurns) worker.quietSince = workedTurns, worker.quietTurns = 0;
  ++worker.quietTurns;
  worker.mayWait = worker.quietTurns > turns;
  if (Clock::now() - lastWork < patience) return false;
  for (const Worker *other : running)
    if (!other->mayWait || other->quietSince != workedTurns) return false;
  return next.load() >= clusters || openClusters.load() >= mostOpen;
}

/// Takes clusters one after the other. One that polls memory may wait for another: after its turn a further
/// one is opened beside it, up to what a device of this size would hold at once, and they take turns.
void Launcher::work(Worker &worker) {
  constexpr uint64_t turn = 1 << 16;
  std::deque<std::unique_ptr<Scheduler>> open;
  uint64_t issued = 0, most = launch.maxWarpInstructions;
  bool openAnother = true, isWrong = false;
  while (!stopped()) {
    if (openAnother || open.empty()) {
      uint64_t number = openClusters.load() < mostOpen ? next.fetch_add(1) : clusters;
      if (number < clusters) {
        ++openClusters;
        uint64_t index = launch.sample.empty() ? launch.order.at(number, clusters) : launch.sample[number];
        open.push_front(std::make_unique<Scheduler>(code, state, worker, index));
      } else if (open.empty()) {
        if (openClusters.load() < mostOpen || next.load() >= clusters) break;
        allWait(worker, true, 0);
        std::this_thread::yield();
        continue;
      }
    }
    std::unique_ptr<Scheduler> cluster = std::move(open.front());
    open.pop_front();
    Scheduler::Turn did;
    bool changed;
    Scheduler::Status status = cluster->run(turn, did, changed);
    if (changed) changedTurns.fetch_add(1, std::memory_order_relaxed);
    issued += cluster->takeIssued();
    // What races may never end: it is not waited for.
    if (!isWrong && wrong.load(std::memory_order_relaxed)) {
      isWrong = true;
      uint64_t last = 16 * issued + (1 << 24);
      most = most ? std::min(most, last) : last;
    }
    if (most && issued > most && !stopped())
      report({"limit", isWrong ? "the launch was ended: it went on for long after what is reported here"
                               : "the launch ran more instructions than it may"});
    openAnother = false;
    if (status != Scheduler::Status::Running) {
      cluster.reset();
      --openClusters, ++doneClusters;
      openAnother = open.empty();
    } else if (did != Scheduler::Turn::Works) {
      open.push_back(std::move(cluster));
      openAnother = true;
    } else {
      open.push_front(std::move(cluster));
    }
    if (launch.progress) tellProgress();
    bool waits = status == Scheduler::Status::Running && did == Scheduler::Turn::Waits;
    if (allWait(worker, waits, open.size() + 4))
      open.back()->deadlock(
          "every thread waits for memory to change or repeats a loop, and none changes anything");
  }
  for (; !open.empty(); --openClusters)
    open.pop_front();
  std::lock_guard<std::mutex> guard(lock);
  result.warpInstructions += issued;
  std::erase(running, &worker);
}

void Launcher::report(Report r) {
  constexpr size_t most = 100;
  std::lock_guard<std::mutex> guard(lock);
  bool ends = r.kind == "fault" || r.kind == "deadlock" || r.kind == "limit";
  if (ends) stop = true;
  wrong = true;
  if (ends || result.reports.size() < most)
    result.reports.push_back(std::move(r));
  else
    ++result.moreReports;
}

void Launcher::tellProgress() {
  constexpr auto interval = std::chrono::seconds(10);
  std::lock_guard<std::mutex> guard(lock);
  auto now = std::chrono::steady_clock::now();
  if (now - lastProgress < interval) return;
  lastProgress = now;
  uint64_t blocks = uint64_t(launch.cluster[0]) * launch.cluster[1] * launch.cluster[2];
  launch.progress(doneClusters * blocks, clusters * blocks);
}

//===-- Order of blocks -----------------------------------------------------------------===//

bool BlockOrder::parse(std::string_view text) {
  constexpr std::string_view random = "random:";
  if (text == "reverse") return kind = Kind::Reverse, true;
  if (!text.starts_with(random)) return false;
  text.remove_prefix(random.size());
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  kind = Kind::Random;
  return error == std::errc() && end == text.data() + text.size();
}

/// A random order is a permutation of the next power of four, by rounds that can be undone each; numbers that
/// there are not are permuted again.
uint64_t BlockOrder::at(uint64_t number, uint64_t count) const {
  if (kind == Kind::Ascending) return number;
  if (kind == Kind::Reverse) return count - 1 - number;
  unsigned half = std::max(1u, unsigned(std::bit_width(count - 1) + 1) / 2);
  uint64_t mask = (uint64_t(1) << half) - 1;
  do {
    uint64_t left = number >> half, right = number & mask;
    for (uint64_t round = 1; round <= 6; ++round) {
      uint64_t mixed = (right + round * 0x9e3779b97f4a7c15 + seed) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ mixed >> 29) * 0x94d049bb133111eb;
      left = std::exchange(right, (left ^ mixed >> 32) & mask);
    }
    number = left << half | right;
  } while (number >= count);
  return number;
}

//===-- printf --------------------------------------------------------------------------===//

/// Appends `value` as C's printf shows it by one conversion; of unreasonable widths a part.
template <class T> static void appendFormatted(std::string &out, const std::string &conversion, T value) {
  constexpr int most = 1 << 16;
  int length = std::min(snprintf(nullptr, 0, conversion.c_str(), value), most);
  if (length <= 0) return;
  size_t at = out.size();
  out.resize(at + size_t(length) + 1);
  snprintf(&out[at], size_t(length) + 1, conversion.c_str(), value);
  out.pop_back();
}

const char *Launcher::genericPointer(const Warp &w, uint32_t lane, uint64_t address, uint64_t &room) const {
  uint64_t window = address & windowBits, at = address - window;
  if (window == 0) {
    auto range = memory.find(address);
    if (!range) return nullptr;
    room = range->end - address;
    return hostPointer(address);
  }
  uint64_t size = window == localWindow    ? state.localBytes
                  : window == sharedWindow ? w.block->sharedBytes
                  : window == paramWindow  ? state.paramBytes
                                           : 0;
  if (at >= size) return nullptr;
  room = size - at;
  if (window == sharedWindow) return w.block->shared + at;
  if (window == paramWindow) return state.params + at;
  return w.block->local + (uint64_t(w.id) * warpSize + lane) * state.localBytes + at;
}

std::string Launcher::text(const Warp &w, uint32_t lane, uint64_t address) const {
  uint64_t room = 0;
  const char *at = genericPointer(w, lane, address, room);
  return at ? std::string(at, strnlen(at, std::min<uint64_t>(room, 1 << 16))) : std::string("?");
}

int Launcher::print(const Warp &w, uint32_t lane, uint64_t formatAddress, uint64_t arguments) {
  uint64_t room = 0, taken = 0, offset = 0;
  int count = 0;
  if (!genericPointer(w, lane, formatAddress, room)) return -1;
  std::string format = text(w, lane, formatAddress), out;
  const char *values = arguments ? genericPointer(w, lane, arguments, taken) : nullptr;
  auto argument = [&](unsigned bytes, void *value) {
    offset = (offset + bytes - 1) / bytes * bytes;
    memset(value, 0, bytes);
    if (!values || offset + bytes > taken) return false;
    memcpy(value, values + offset, bytes);
    offset += bytes, ++count;
    return true;
  };
  for (size_t n = 0; n < format.size(); ++n) {
    if (format[n] != '%') {
      out += format[n];
      continue;
    }
    // One conversion: flags, width and precision as C has them, with * read from the arguments.
    std::string spec = "%";
    bool isLong = false, ok = true;
    unsigned halves = 0;
    for (++n; n < format.size() && strchr("-+ #0123456789.*hlLjzt", format[n]); ++n) {
      char c = format[n];
      if (c == '*') {
        int32_t width;
        ok &= argument(4, &width);
        spec += std::to_string(std::clamp(width, -4096, 4096));
      } else if (strchr("ljzt", c)) {
        isLong = true;
      } else if (c == 'h') {
        halves = std::min(halves + 1, 2u);
      } else if (c != 'L') {
        spec += c;
      }
    }
    char conversion = n < format.size() ? format[n] : '%';
    uint64_t wide = 0;
    uint32_t narrow = 0;
    double number = 0;
    if (spec.size() > 16) spec.resize(16); // widths beyond reason
    if (conversion == '%') {
      out += '%';
    } else if (strchr("diuoxXc", conversion)) {
      if (isLong && conversion != 'c') {
        ok &= argument(8, &wide);
        appendFormatted(out, spec + "ll" + conversion, static_cast<unsigned long long>(wide));
      } else {
        ok &= argument(4, &narrow);
        if (conversion == 'c') halves = 0;
        appendFormatted(out, spec + std::string(halves, 'h') + conversion, narrow);
      }
    } else if (strchr("fFeEgGaA", conversion)) {
      ok &= argument(8, &number);
      appendFormatted(out, spec + conversion, number);
    } else if (conversion == 'p') {
      ok &= argument(8, &wide);
      appendFormatted(out, "0x%llx", static_cast<unsigned long long>(wide));
    } else if (conversion == 's') {
      ok &= argument(8, &wide);
      appendFormatted(out, spec + 's', text(w, lane, wide).c_str());
    }
    if (!ok) return -1;
  }
  std::lock_guard<std::mutex> guard(lock);
  if (launch.print)
    launch.print(out);
  else
    fwrite(out.data(), 1, out.size(), stdout);
  return count;
}

} // namespace girih::ptx
