// What the counters say of a few lines of PTX, and what the time model makes of them.
#include "test/unit/PtxHarness.h"
#include "tools/ptxsim/timing/Measure.h"

namespace girih::ptx::test {

static Measurement measureBody(const std::string &body, uint32_t blocks = 1, uint32_t threads = 32,
                               const std::string &module = "", uint64_t sample = 0, const char *gpu = "a100",
                               uint32_t cluster = 1) {
  std::string error;
  Device device;
  LoadedModule *loaded = device.load(kernelAround(body, module), "test.ptx", error);
  EXPECT_TRUE(loaded) << error;
  if (!loaded) return {};
  uint64_t address = device.memory().allocate(16 << 20);
  Launch launch;
  launch.grid[0] = blocks, launch.block[0] = threads, launch.cluster[0] = cluster, launch.threads = 1;
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

/// Cycles without those of the launch.
static double cyclesOf(const Gpu &gpu, const std::string &body, uint32_t threads = 32,
                       const std::string &module = "", uint32_t blocks = 1, uint32_t cluster = 1) {
  return measureBody(body, blocks, threads, module, 0, gpu.key.c_str(), cluster).time.cycles -
         gpu.launchCycles;
}

static std::string repeated(const std::string &text, unsigned times) {
  std::string result;
  for (unsigned n = 0; n < times; ++n)
    result += text;
  return result;
}

TEST(PtxTiming, PeakOfArithmetic) {
  for (const Gpu &gpu : gpus()) {
    // 32 warps, of which each has 8 independent chains.
    std::string fma, half, logic;
    for (int n = 0; n < 512; ++n) {
      std::string d = std::to_string(n % 8);
      fma += "fma.rn.f32 %f" + d + ", %f17, %f18, %f" + d + ";";
      half += "fma.rn.f16x2 %r" + d + ", %r17, %r18, %r" + d + ";";
      logic += "shf.l.wrap.b32 %r" + d + ", %r" + d + ", %r17, 3;";
    }
    auto clocks = [&](unsigned lanes) { return 512.0 * 1024 / lanes; };
    EXPECT_NEAR(cyclesOf(gpu, fma, 1024) / clocks(gpu.lanes.fp32), 1, 0.05) << gpu.key;
    EXPECT_NEAR(cyclesOf(gpu, half, 1024) / clocks(gpu.lanes.half), 1, 0.05) << gpu.key;
    EXPECT_NEAR(cyclesOf(gpu, logic, 1024) / clocks(gpu.lanes.logic), 1, 0.05) << gpu.key;
  }
}

TEST(PtxTiming, PeakOfMatrixUnits) {
  for (const Gpu &gpu : gpus()) {
    std::string body;
    for (int n = 0; n < 128; ++n) {
      std::string d;
      for (int m = 0; m < 4; ++m)
        d += (m ? ", %f" : "%f") + std::to_string(n % 4 * 4 + m);
      body += "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {" + d +
              "}, {%r1, %r2, %r3, %r4}, {%r5, %r6}, {" + d + "};";
    }
    double work = 128.0 * 16 * (16 * 8 * 16); // of 16 warps
    EXPECT_NEAR(cyclesOf(gpu, body, 512) / (work / gpu.mma.at("f16")), 1, 0.08) << gpu.key;
  }
}

TEST(PtxTiming, PeakOfProductsOfAWarpgroup) {
  const Gpu &gpu = *findGpu("h100");
  // One warpgroup, products of 64 x 16 that add to the same accumulators.
  const char *tile = ".shared .align 128 .b8 tile[4096];\n";
  auto products = [&](const char *a) {
    std::string d = "{%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7}";
    return "mov.u32 %r9, tile; mov.b64 %s1, 0; mov.b64 %s2, 0; setp.eq.u32 %p1, %t, %t; "
           "wgmma.fence.sync.aligned;" +
           repeated("wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 " + d + ", " + a + ";", 256) +
           "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;";
  };
  auto run = [&](const std::string &body) { return measureBody(body, 1, 128, tile, 0, "h100"); };
  Measurement registers = run(products("{%r1, %r2, %r3, %r4}, %s2, %p1, 1, 1, 0")),
              shared = run(products("%s1, %s2, %p1, 1, 1, 0, 0"));
  // A pass over the banks moves 128 bytes: 4 for the 16 columns of B, 16 for the 64 rows of A.
  EXPECT_EQ(registers.memory.sharedWavefronts, 4u * 256);
  EXPECT_EQ(shared.memory.sharedWavefronts, 20u * 256);
  EXPECT_EQ(shared.memory.sharedIdeal, shared.memory.sharedWavefronts);
  EXPECT_NEAR((registers.time.cycles - gpu.launchCycles) / 256, 64 * 16 * 16 / gpu.wgmma.at("f16"), 1);
  EXPECT_NEAR((shared.time.cycles - gpu.launchCycles) / 256, 20, 2);
}

TEST(PtxTiming, ChainsOfLoadsTakeTheirLatency) {
  for (const Gpu &gpu : gpus()) {
    // The buffer has zeros: each load gives what the next one's address needs.
    auto chain = [&](const char *load) {
      return "mov.u64 %s2, %buffer;" + repeated(std::string(load) + " add.s64 %s2, %s2, %s1;", 100);
    };
    double l2 = cyclesOf(gpu, chain("ld.global.cg.u64 %s1, [%s2];")),
           l1 = cyclesOf(gpu, chain("ld.global.ca.u64 %s1, [%s2];")),
           address = 3.0 * gpu.latency.alu; // the sum of 64 bits
    EXPECT_NEAR((l2 - gpu.latency.dram) / 99, gpu.latency.l2 + address / 2, address / 2 + 4) << gpu.key;
    EXPECT_NEAR((l1 - gpu.latency.dram) / 99, gpu.latency.l1 + address / 2, address / 2 + 4) << gpu.key;
  }
}

TEST(PtxTiming, BankConflictsTakeTheirWavefronts) {
  for (const Gpu &gpu : gpus()) {
    auto loads = [&](unsigned stride) {
      std::string body = "mov.u32 %r1, tile; mad.lo.u32 %r1, %t, " + std::to_string(stride) + ", %r1;";
      for (int n = 0; n < 256; ++n)
        body += "ld.shared.u32 %r" + std::to_string(2 + n % 16) + ", [%r1];";
      return cyclesOf(gpu, body, 32, ".shared .align 16 .b8 tile[4096];\n");
    };
    EXPECT_NEAR(loads(128), 256 * 32, 300) << gpu.key;
    EXPECT_LT(loads(4), 256 * 3) << gpu.key; // one scheduler alone issues these
  }
}

TEST(PtxTiming, StridesWasteBandwidth) {
  for (const Gpu &gpu : gpus()) {
    // A float of each sector: 8 times the bytes that are used.
    auto stream = [&](unsigned stride) {
      return cyclesOf(gpu,
                      "mov.u32 %r1, %ntid.x; mad.lo.u32 %r2, %block, %r1, %t; mad.wide.u32 %s1, %r2, " +
                          std::to_string(stride) + ", %buffer; ld.global.f32 %f1, [%s1];",
                      256, "", 2048);
    };
    double bytes = 2048.0 * 256 * 32, wasteful = stream(32);
    EXPECT_GT(wasteful, bytes / gpu.dramBytesPerClock) << gpu.key;
    EXPECT_LT(wasteful, 1.3 * bytes / gpu.dramBytesPerClock + 2 * gpu.latency.dram) << gpu.key;
    EXPECT_LT(stream(4), wasteful / 2) << gpu.key;
  }
}

TEST(PtxTiming, WaitsForMbarriersEndWhenTheCopyHasCome) {
  const char *module = ".shared .align 128 .b8 tile[32768]; .shared .align 8 .b64 arrived;\n";
  auto copy = [](unsigned bytes) {
    std::string n = std::to_string(bytes);
    return "mov.u32 %r1, arrived; mov.u32 %r2, tile; setp.ne.u32 %p1, %t, 0; @%p1 bra READY;"
           "mbarrier.init.shared.b64 [%r1], 1; mbarrier.arrive.expect_tx.shared.b64 %s1, [%r1], " +
           n +
           ";"
           "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%buffer], " +
           n +
           ", [%r1];"
           "READY: bar.sync 0;"
           "POLL: mbarrier.try_wait.parity.shared.b64 %p2, [%r1], 0; @!%p2 bra POLL;";
  };
  const Gpu &gpu = *findGpu("h100");
  // One SM alone has L2's port for itself; barriers and the like take some 60 clocks.
  EXPECT_NEAR(cyclesOf(gpu, copy(16), 64, module), gpu.latency.dram + 60, 30);
  EXPECT_NEAR(cyclesOf(gpu, copy(32768), 64, module), 32768 / gpu.l2PortBytes + gpu.latency.l2 + 60, 30);
}

TEST(PtxTiming, BarriersOfTheClusterTakeTheTripBetweenSms) {
  const Gpu &gpu = *findGpu("h100");
  std::string once = "barrier.cluster.arrive; barrier.cluster.wait;";
  double one = cyclesOf(gpu, once, 64, "", 2, 2), ten = cyclesOf(gpu, repeated(once, 10), 64, "", 2, 2);
  EXPECT_NEAR((ten - one) / 9, gpu.latency.cluster, 20);
}

TEST(PtxTiming, AnInstructionWhereLanesJoinCostsWhatItCosts) {
  // 200 loads one after the other: the first instruction after a branch, or the second, or without one.
  auto loads = [](const std::string &before) {
    return "mov.u64 %s2, %buffer; mov.u32 %r1, 0; setp.ne.u32 %p1, %t, 0; LOOP: " + before +
           " ld.global.cg.u64 %s1, [%s2]; add.s64 %s2, %s2, %s1; add.u32 %r1, %r1, 1; setp.lt.u32 %p2, %r1, "
           "200;"
           "@%p2 bra LOOP;";
  };
  for (const Gpu &gpu : gpus()) {
    double straight = cyclesOf(gpu, loads("")),
           join = cyclesOf(gpu, loads("@%p1 bra J; add.u32 %r2, %r2, 1; J:")),
           later = cyclesOf(gpu, loads("@%p1 bra J; add.u32 %r2, %r2, 1; J: mul.lo.u32 %r3, %r2, 3;"));
    EXPECT_GT(straight, 200.0 * gpu.latency.l2) << gpu.key;
    EXPECT_NEAR(join, straight + 200 * gpu.latency.branch, 200 * gpu.latency.branch) << gpu.key;
    EXPECT_NEAR(join, later, 200 * 5) << gpu.key;
  }
}

TEST(PtxTiming, BarriersWhereLanesJoinAreArrivedAt) {
  const Gpu &gpu = *findGpu("h100");
  std::string join = "setp.ne.u32 %p1, %t, 0; @%p1 bra J; add.u32 %r1, %r1, 1; J: ",
              work = "mov.u32 %r1, 0; L: fma.rn.f32 %f1, %f1, %f1, %f1; add.u32 %r1, %r1, 1;"
                     "setp.lt.u32 %p1, %r1, 2000; @%p1 bra L;";
  double alone = cyclesOf(gpu, work, 64, "", 2, 2);
  for (const char *barrier : {"barrier.cluster.arrive; barrier.cluster.wait;", "bar.sync 0;"}) {
    double with = cyclesOf(gpu, join + barrier + work, 64, "", 2, 2);
    EXPECT_GT(with, alone + gpu.latency.barrier) << barrier;
    EXPECT_LT(with, alone + gpu.latency.cluster + 80) << barrier;
  }
}

TEST(PtxTiming, LanesThatDivergedMeetAtBarriers) {
  const Gpu &gpu = *findGpu("h100");
  // Each half of a warp arrives by an instruction of its own, the second after some work.
  std::string work = repeated("fma.rn.f32 %f1, %f1, %f1, %f1;", 1000);
  for (std::string barrier : {"barrier.cluster.arrive; barrier.cluster.wait;", "barrier.sync 0;"}) {
    std::string body = "setp.lt.u32 %p1, %t, 16; @%p1 bra FIRST;" + work + barrier +
                       " bra END; FIRST: " + barrier + work + "END: " + barrier + work;
    double cycles = cyclesOf(gpu, body, 64, "", 2, 2);
    EXPECT_GT(cycles, 3 * 4 * 1000) << barrier; // halves of a warp take turns
    EXPECT_LT(cycles, 3 * 4 * 1000 + 4 * gpu.latency.cluster) << barrier;
  }
}

TEST(PtxTiming, AModelThatIsStuckSaysSo) {
  // Traces of a launch that went well never lack an arrival; this one does, of the block's second warp.
  const Gpu &gpu = *findGpu("h100");
  std::string error;
  Device device;
  LoadedModule *loaded = device.load(kernelAround("bar.sync 0;"), "test.ptx", error);
  ASSERT_TRUE(loaded) << error;
  const Program &program = *loaded->kernel("k");
  uint32_t barrier = 0;
  while (program.code[barrier].source->opcode != "bar")
    ++barrier;
  BlockTrace trace;
  trace.warps = {{{barrier, 0, 1}, {barrier + 1, 0, 0}}};
  trace.events = {{TraceEvent::Kind::Barrier, false, true, 0, 0, 0}};
  Launch launch;
  Recorder recorder({});
  Occupancy occupancy = occupancyWith(program, launch, gpu, 32, "test");
  auto estimate = [&](uint32_t arrivals) {
    trace.arrivals[{0, 0}] = arrivals;
    return estimateTime(program, costsOf(program, gpu), {trace}, Footprint(recorder, 1, 1, gpu), occupancy, 1,
                        gpu);
  };
  EXPECT_FALSE(estimate(1).stuck);
  EXPECT_GT(estimate(1).cycles, gpu.launchCycles);
  TimeEstimate stuck = estimate(2);
  ASSERT_TRUE(stuck.stuck);
  EXPECT_EQ(stuck.stuck->instruction, program.code[barrier].source);
  EXPECT_EQ(stuck.cycles, 0);
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
