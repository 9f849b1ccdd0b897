#include "tools/girih/Machine.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <thread>
#include <unistd.h>

namespace girih::tool {

using Clock = std::chrono::steady_clock;

static double seconds(Clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

//===-- Kernels -----------------------------------------------------------===//
// Written with vector extensions once for each width and compiled for each instruction set by the target
// attribute.

template <int lanes> using Vector [[gnu::vector_size(lanes * 4)]] = float;

/// 12 independent chains of fused multiply-adds: enough for two units of latency 4 or 5.
template <int lanes> [[gnu::always_inline]] inline float fmaChains(int64_t steps) {
  Vector<lanes> sums[12], factor = Vector<lanes>{} + 0.999f, term = Vector<lanes>{} + 0.001f;
  for (int i = 0; i < 12; ++i)
    sums[i] = Vector<lanes>{} + float(i);
  for (int64_t step = 0; step < steps; ++step) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; ++i)
      sums[i] = __builtin_elementwise_fma(sums[i], factor, term);
  }
  float sum = 0;
  for (auto &s : sums)
    sum += s[0];
  return sum;
}

/// Reads `n` floats, a multiple of 8 vectors.
template <int lanes> [[gnu::always_inline]] inline float readAll(const float *data, int64_t n) {
  Vector<lanes> sums[8] = {};
  for (int64_t i = 0; i < n; i += 8 * lanes)
#pragma clang loop unroll(full)
    for (int k = 0; k < 8; ++k)
      sums[k] += *reinterpret_cast<const Vector<lanes> *>(data + i + k * lanes);
  float sum = 0;
  for (auto &s : sums)
    sum += s[0];
  return sum;
}

namespace {
struct Kernels {
  const char *name;
  int lanes;
  float (*fma)(int64_t steps);
  float (*read)(const float *data, int64_t n);
};
} // namespace

#if defined(__x86_64__)
[[gnu::target("avx512f")]] static float fma512(int64_t steps) {
  return fmaChains<16>(steps);
}
[[gnu::target("avx512f")]] static float read512(const float *data, int64_t n) {
  return readAll<16>(data, n);
}
[[gnu::target("avx2,fma")]] static float fma256(int64_t steps) {
  return fmaChains<8>(steps);
}
[[gnu::target("avx2,fma")]] static float read256(const float *data, int64_t n) {
  return readAll<8>(data, n);
}
#endif
/// Without fused instructions a multiplication and an addition do.
static float fma128(int64_t steps) {
  Vector<4> sums[12], factor = Vector<4>{} + 0.999f, term = Vector<4>{} + 0.001f;
  for (int i = 0; i < 12; ++i)
    sums[i] = Vector<4>{} + float(i);
  for (int64_t step = 0; step < steps; ++step)
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; ++i)
      sums[i] = sums[i] * factor + term;
  float sum = 0;
  for (auto &s : sums)
    sum += s[0];
  return sum;
}
static float read128(const float *data, int64_t n) {
  return readAll<4>(data, n);
}

static Kernels chooseKernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {"AVX-512", 16, fma512, read512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {"AVX2", 8, fma256, read256};
#endif
  return {"128-bit", 4, fma128, read128};
}

//===-- Measuring ---------------------------------------------------------===//

/// Calls step() on each thread again and again, all at the same time; returns calls per second of all
/// together. The best of several windows, each short enough that some pass without another process taking a
/// CPU away.
static double rate(unsigned threads, const std::function<void(unsigned)> &step) {
  constexpr int windows = 15;
  constexpr double window = 3e-3; // seconds, or one step
  double best = 0;
  for (int attempt = 0; attempt < windows; ++attempt) {
    std::atomic<unsigned> ready = 0;
    std::vector<double> rates(threads);
    auto work = [&](unsigned t) {
      if (attempt == 0) step(t);
      ++ready;
      while (ready < threads)
        std::this_thread::yield();
      auto begin = Clock::now();
      int64_t calls = 0;
      double elapsed;
      do {
        step(t), ++calls;
        elapsed = seconds(Clock::now() - begin);
      } while (elapsed < window);
      rates[t] = double(calls) / elapsed;
    };
    std::vector<std::thread> others;
    for (unsigned t = 1; t < threads; ++t)
      others.emplace_back(work, t);
    work(0);
    for (std::thread &t : others)
      t.join();
    double sum = 0;
    for (double r : rates)
      sum += r;
    best = std::max(best, sum);
  }
  return best;
}

/// Bytes per second when each thread goes through `bytes` of its own.
static double readRate(const Kernels &kernels, unsigned threads, int64_t bytes) {
  int64_t n = bytes / 4 / (8 * kernels.lanes) * (8 * kernels.lanes);
  std::vector<std::unique_ptr<float[]>> memory(threads);
  std::vector<float *> data(threads);
  for (unsigned t = 0; t < threads; ++t) {
    memory[t] = std::make_unique<float[]>(n + 16);
    data[t] = reinterpret_cast<float *>((reinterpret_cast<uintptr_t>(memory[t].get()) + 63) / 64 * 64);
  }
  std::atomic<float> sink = 0;
  // Several passes a call where one takes less than the clock can tell.
  int passes = int(std::max<int64_t>(1, (1 << 18) / (n * 4)));
  double calls = rate(threads, [&](unsigned t) {
    float sum = 0;
    for (int i = 0; i < passes; ++i)
      sum += kernels.read(data[t], n);
    sink.store(sum, std::memory_order_relaxed);
  });
  return calls * passes * double(n) * 4;
}

static int64_t cacheBytes(int name, int64_t otherwise) {
  long bytes = sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

Machine measureMachine(unsigned threads) {
  Kernels kernels = chooseKernels();
  Machine machine;
  machine.instructions = kernels.name;
  constexpr int64_t steps = 20000;
  std::atomic<float> sink = 0;
  machine.flopsPerSecond =
      rate(threads, [&](unsigned) { sink.store(kernels.fma(steps), std::memory_order_relaxed); }) *
      double(steps * 12 * kernels.lanes * 2);
  int64_t l1 = cacheBytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10), l2 = cacheBytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20),
          l3 = cacheBytes(_SC_LEVEL3_CACHE_SIZE, 0);
  auto add = [&](const char *level, int64_t bytes, int64_t each) {
    machine.levels.push_back({level, bytes, readRate(kernels, threads, each)});
  };
  add("L1", l1 * threads, l1 / 2);
  add("L2", l2 * threads, l2 / 2);
  if (l3 > l2) add("L3", l3, std::max(l3 / 2 / threads, l2));
  add("memory", INT64_MAX, std::max<int64_t>(4 * std::max(l3, l2), 64 << 20) / threads);
  // Noise must not make a farther level faster than a nearer one.
  for (size_t i = machine.levels.size() - 1; i-- > 0;)
    machine.levels[i].bytesPerSecond =
        std::max(machine.levels[i].bytesPerSecond, machine.levels[i + 1].bytesPerSecond);
  return machine;
}

/// Sums that wait for each other, one a cycle on every CPU.
static double measureClock() {
  constexpr int64_t steps = 5000, unrolled = 100;
  return unrolled * steps * rate(1, [](unsigned) {
           int64_t sum = 0;
           for (int64_t i = 0; i < steps; ++i)
#pragma clang loop unroll(full)
             for (int k = 0; k < unrolled; ++k) {
               sum += i;
               asm volatile("" : "+r"(sum)); // neither reordered nor left out
             }
         });
}

std::vector<std::pair<std::string, double>> measureNumbers() {
  Kernels kernels = chooseKernels();
  Machine machine = measureMachine(1);
  double hertz = measureClock();
  int64_t l2 = cacheBytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20), l3 = cacheBytes(_SC_LEVEL3_CACHE_SIZE, 0);
  auto rounded = [](double value) { return std::round(value * 100) / 100; };
  std::vector<std::pair<std::string, double>> numbers = {
      {"l1_bytes", double(cacheBytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10))},
      {"l2_bytes", double(l2)},
      {"cores", double(std::max(std::thread::hardware_concurrency(), 1u))},
      {"ghz", rounded(hertz * 1e-9)},
      {"fmas_per_cycle", rounded(machine.flopsPerSecond / (2 * kernels.lanes) / hertz)},
      {"l2_bytes_per_cycle", rounded(readRate(kernels, 1, l2 / 2) / hertz)},
      {"memory_bytes_per_ns", rounded(machine.levels.back().bytesPerSecond * 1e-9)}};
  // A guest of a larger machine has less of the third-level cache than it is told: no more of it than is
  // needed.
  if (l3 > 2 * l2) numbers.push_back({"l3_bytes_per_cycle", rounded(readRate(kernels, 1, 2 * l2) / hertz)});
  return numbers;
}

double Machine::limit(int64_t flops, int64_t bytes) const {
  double transfer = 0;
  for (const Bandwidth &level : levels)
    if (bytes <= level.bytes) {
      transfer = double(bytes) / level.bytesPerSecond;
      break;
    }
  return std::max(double(flops) / flopsPerSecond, transfer);
}

} // namespace girih::tool
