// What the counters say of a few lines of PTX, and what the time model makes of them.
#include "test/unit/PtxHarness.h"
#include "tools/ptxsim/timing/Measure.h"

namespace girih::ptx::test {

static Measurement measureBody(const std::string &body, uint32_t blocks = 1, uint32_t threads = 32,
                               const std::string &module = "", uint64_t sample = 0,
                               const char *gpu = "a100") {
  std::string error;
  Device device;
  LoadedModule *loaded = device.load(kernelAround(body, module), "test.ptx", error);
  EXPECT_TRUE(loaded) << error;
  if (!loaded) return {};
  uint64_t address = device.memory().allocate(16 << 20);
  Launch launch;
  launch.grid[0] = blocks, launch.block[0] = threads, launch.threads = 1;
  launch.params.resize(8);
  memcpy(launch.params.data(), &address, 8);
  LaunchResult result;
  Measurement m = measure(device, *loaded->kernel("k"), launch, {findGpu(gpu), sample}, result);
  EXPECT_TRUE(result.ok());
  return m;
}

TEST(PtxTiming, SectorsOfGlobalRequests) {
  // 32 lanes of 4 bytes side by side are 4 sectors; 128 bytes apart they are 32.
  MemoryCounters near = measureBody("mad.wide.u32 %s1, %t, 4, %buffer; ld.global.f32 %f1, [%s1];").memory,
                 far = measureBody("mad.wide.u32 %s1, %t, 128, %buffer; ld.global.f32 %f1, [%s1];").memory;
  EXPECT_EQ(near.loadRequests, 1u);
  EXPECT_EQ(near.loadSectors, 4u);
  EXPECT_EQ(near.loadBytes, 128u);
  EXPECT_EQ(far.loadSectors, 32u);
}

TEST(PtxTiming, BankConflicts) {
  const char *shared = ".shared .align 16 .b8 tile[4096];\n";
  auto wavefronts = [&](unsigned stride, const char *store) {
    MemoryCounters c =
        measureBody("mov.u32 %r1, tile; mad.lo.u32 %r1, %t, " + std::to_string(stride) + ", %r1; " + store, 1,
                    32, shared)
            .memory;
    return std::pair(c.sharedWavefronts, c.sharedIdeal);
  };
  EXPECT_EQ(wavefronts(4, "st.shared.b32 [%r1], %t;"), std::pair(uint64_t(1), uint64_t(1)));
  EXPECT_EQ(wavefronts(0, "ld.shared.b32 %r2, [%r1];"),
            std::pair(uint64_t(1), uint64_t(1))); // one word for all
  EXPECT_EQ(wavefronts(8, "st.shared.b32 [%r1], %t;"), std::pair(uint64_t(2), uint64_t(1)));
  EXPECT_EQ(wavefronts(128, "st.shared.b32 [%r1], %t;"), std::pair(uint64_t(32), uint64_t(1)));
  EXPECT_EQ(wavefronts(16, "ld.shared.v4.b32 {%r2, %r3, %r4, %r5}, [%r1];"),
            std::pair(uint64_t(4), uint64_t(4)));
}

TEST(PtxTiming, DivergenceAndBarriers) {
  Measurement m =
      measureBody("setp.lt.u32 %p1, %t, 16; @%p1 bra L; add.u32 %r1, %t, 1; L: bar.sync 0;", 2, 64);
  EXPECT_EQ(m.memory.branches, 4u);
  EXPECT_EQ(m.memory.divergentBranches, 2u); // of the first warp of each block
  EXPECT_EQ(m.memory.barriers, 2u);
}

TEST(PtxTiming, DistinctBytesAndL2) {
  // Every block reads the same 4 KiB and writes its own.
  Measurement m = measureBody("mad.wide.u32 %s1, %t, 4, %buffer; ld.global.u32 %r1, [%s1];"
                              "shl.b32 %r2, %block, 12; cvt.u64.u32 %s2, %r2; add.s64 %s3, %s1, %s2;"
                              "st.global.u32 [%s3+4096], %r1;",
                              64, 1024);
  EXPECT_EQ(m.readBytes, 4096);
  EXPECT_EQ(m.writtenBytes, 64 * 4096);
  EXPECT_EQ(m.dramReadBytes, 4096);
  EXPECT_EQ(m.dramWrittenBytes, 0); // stays in L2
  EXPECT_EQ(m.memory.loadBytes, 64u * 4096);
}

TEST(PtxTiming, Occupancy) {
  Measurement m = measureBody("st.global.u32 [%mine], %t;", 1, 256, ".shared .align 16 .b8 tile[40000];\n");
  EXPECT_EQ(m.occupancy.warpsPerBlock, 8u);
  // No instruction names `tile`: a kernel has what it reaches only.
  EXPECT_EQ(m.occupancy.sharedBytes, 0u);
  EXPECT_EQ(m.occupancy.limit, "warps");
  m = measureBody("mov.u32 %r1, tile; st.shared.u32 [%r1], %t;", 1, 256,
                  ".shared .align 16 .b8 tile[40000];\n");
  EXPECT_EQ(m.occupancy.limit, "shared memory");
  EXPECT_EQ(m.occupancy.blocks, (164u << 10) / 41088); // with the KiB of the system, in units of 128
}

TEST(PtxTiming, WhatDoesNotFitHasNoTime) {
  const char *tile = ".shared .align 16 .b8 tile[160000];\n",
             *body = "mov.u32 %r1, tile; st.shared.u32 [%r1], %t;";
  Measurement large = measureBody(body, 1, 32, tile), small = measureBody(body, 1, 32, tile, 0, "rtx5090");
  EXPECT_TRUE(large.fits());
  EXPECT_GT(large.time.cycles, 0);
  EXPECT_FALSE(small.fits());
  EXPECT_EQ(small.time.cycles, 0);
}

TEST(PtxTiming, DependentInstructionsTakeTheirLatency) {
  std::string chain, independent;
  for (int n = 0; n < 1000; ++n) {
    chain += "fma.rn.f32 %f1, %f1, %f1, %f1;";
    independent += "fma.rn.f32 %f" + std::to_string(n % 16) + ", %f17, %f17, %f18;";
  }
  const Gpu &gpu = *findGpu("a100");
  double slow = measureBody(chain).time.cycles - gpu.launchCycles,
         fast = measureBody(independent).time.cycles - gpu.launchCycles;
  EXPECT_NEAR(slow, 4000, 100);
  EXPECT_NEAR(fast, 2000, 100); // 16 lanes of each scheduler: two clocks an instruction
}

TEST(PtxTiming, BandwidthLimitsAStream) {
  // 4096 blocks of 256 threads, 16 bytes each: 16 MiB.
  Measurement m =
      measureBody("mov.u32 %r1, %ntid.x; mad.lo.u32 %r2, %block, %r1, %t; mad.wide.u32 %s1, %r2, 16, %buffer;"
                  "ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%s1];",
                  4096, 256);
  const Gpu &gpu = *findGpu("a100");
  double least = double(16 << 20) / gpu.dramBytesPerClock;
  EXPECT_EQ(m.dramReadBytes, 16 << 20);
  EXPECT_GT(m.time.cycles, least + gpu.launchCycles);
  EXPECT_LT(m.time.cycles, 1.25 * least + gpu.launchCycles);
  EXPECT_EQ(m.time.limit, "DRAM bandwidth");
}

TEST(PtxTiming, ASampleStandsForTheGrid) {
  const char *body =
      "mov.u32 %r1, %ntid.x; mad.lo.u32 %r2, %block, %r1, %t; mad.wide.u32 %s1, %r2, 16, %buffer;"
      "ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%s1];";
  Measurement all = measureBody(body, 4096, 256), part = measureBody(body, 4096, 256, "", 64);
  EXPECT_EQ(part.ranBlocks, 64u);
  EXPECT_TRUE(part.sampled());
  EXPECT_NEAR(part.dramReadBytes, all.dramReadBytes, 0.01 * all.dramReadBytes);
  EXPECT_NEAR(part.time.cycles, all.time.cycles, 0.05 * all.time.cycles);
}

TEST(PtxTiming, EveryGpuIsComplete) {
  for (const Gpu &g : gpus()) {
    EXPECT_FALSE(g.sources.empty()) << g.key;
    for (const char *rate : {"f16", "f16_acc16", "tf32", "s8", "s4", "b1", "f8", "f64"})
      EXPECT_TRUE(g.mma.count(rate)) << g.key << " " << rate;
    double time =
        measureBody("bar.sync 0; st.global.u32 [%mine], %t;", 4, 64, "", 0, g.key.c_str()).time.cycles;
    EXPECT_GT(time, g.launchCycles) << g.key;
  }
}

} // namespace girih::ptx::test
