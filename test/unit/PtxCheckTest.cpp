// Each kind of planted fault is found, with its lines; correct programs raise nothing.
#include "PtxHarness.h"
#include "tools/ptxsim/check/Checker.h"

using namespace girih::ptx;
using namespace girih::ptx::test;

namespace {

/// Runs kernel `k` around `body` with all checks, and returns what they report.
Outcome checked(const std::string &body, RunOptions options = {},
                const std::string &module = ".shared .align 16 .b8 sh[1024];\n.global .u32 flag;\n"
                                            ".global .u32 data;\n") {
  Outcome run;
  std::string text = kernelAround(body, module);
  Device device;
  LoadedModule *loaded = device.load(text, "test.ptx", run.error);
  EXPECT_EQ(run.error, "");
  if (!loaded) return run;
  std::unique_ptr<Checker> checker = makeChecker(*loaded->kernel("k"), CheckOptions(), run.error);
  EXPECT_NE(checker, nullptr) << run.error;
  Launch launch;
  launch.grid[0] = options.blocks, launch.block[0] = options.threads, launch.threads = options.hostThreads;
  launch.observer = checker.get();
  uint64_t address = device.memory().allocate(options.bytes);
  launch.params.resize(8);
  memcpy(launch.params.data(), &address, 8);
  run.result = device.launch(*loaded->kernel("k"), launch);
  for (const Report &r : run.result.reports)
    run.reports += formatReport(loaded->module(), r) + "\n";
  return run;
}

RunOptions threads(uint32_t count, uint32_t blocks = 1, unsigned hosts = 1) {
  RunOptions o;
  o.threads = count, o.blocks = blocks, o.hostThreads = hosts;
  return o;
}

bool says(const Outcome &run, const char *word) {
  return run.reports.find(word) != std::string::npos;
}

// Each thread writes its word of shared memory and reads its neighbour's.
std::string exchange(const std::string &between, unsigned count) {
  return "mov.u32 %r1, sh; shl.b32 %r2, %t, 2; add.u32 %r2, %r2, %r1;\n"
         "xor.b32 %r3, %t, " +
         std::to_string(count - 1) +
         "; shl.b32 %r3, %r3, 2; add.u32 %r3, %r3, %r1;\n"
         "st.shared.u32 [%r2], %t;\n" +
         between + "\nld.shared.u32 %r4, [%r3];\nst.global.u32 [%mine], %r4;";
}

TEST(PtxCheck, barriers) {
  EXPECT_EQ(checked(exchange("bar.sync 0;", 128), threads(128)).reports, "");
  Outcome bad = checked(exchange("", 128), threads(128));
  ASSERT_FALSE(bad.result.reports.empty());
  EXPECT_EQ(bad.result.reports[0].kind, "race");
  EXPECT_TRUE(says(bad, "ld.shared.u32")) << bad.reports;
  EXPECT_TRUE(says(bad, "st.shared.u32") && says(bad, "block (0,0,0)")) << bad.reports;
}

TEST(PtxCheck, warps) {
  EXPECT_EQ(checked(exchange("bar.warp.sync -1;", 32)).reports, "");
  EXPECT_TRUE(says(checked(exchange("", 32)), "race"));
  EXPECT_TRUE(says(checked(exchange("bar.warp.sync -1;", 64), threads(64)), "race"));
  // Lanes of one instruction: different values race, the same one does not.
  EXPECT_TRUE(says(checked("st.global.u32 [%buffer], %t;"), "race"));
  EXPECT_EQ(checked("st.global.u32 [%buffer], 7;").reports, "");
}

TEST(PtxCheck, namedBarriers) {
  std::string producer = R"(
  mov.u32 %r1, sh; and.b32 %r2, %t, 31; shl.b32 %r2, %r2, 2; add.u32 %r1, %r1, %r2;
  setp.ge.u32 %p1, %t, 32;
  @%p1 bra CONSUMER;
  st.shared.u32 [%r1], %t;
  ARRIVE
  bra DONE;
CONSUMER:
  WAIT
  ld.shared.u32 %r3, [%r1];
  st.global.u32 [%mine], %r3;
DONE:)";
  auto with = [&](const char *arrive, const char *wait) {
    std::string s = producer;
    s.replace(s.find("ARRIVE"), 6, arrive);
    s.replace(s.find("WAIT"), 4, wait);
    return checked(s, threads(64));
  };
  EXPECT_EQ(with("bar.arrive 1, 64;", "bar.sync 1, 64;").reports, "");
  EXPECT_TRUE(says(with("", ""), "race"));
}

// Block 0 writes data and raises the flag, block 1 waits for it and reads.
std::string message(const char *release, const char *acquire, const char *fence) {
  return std::string(R"(
  mov.u64 %s1, flag; mov.u64 %s2, data; setp.ne.u32 %p1, %block, 0;
  @%p1 bra READER;
  st.global.u32 [%s2], 42;
)") + fence +
         "\n" + release + " [%s1], 1;\n bra DONE;\nREADER:\n" + acquire +
         " %r1, [%s1];\n setp.eq.u32 %p2, %r1, 0;\n @%p2 bra READER;\n" + fence +
         "\n ld.global.u32 %r2, [%s2];\n st.global.u32 [%buffer], %r2;\nDONE:";
}

TEST(PtxCheck, messages) {
  for (unsigned hosts : {1u, 2u}) {
    RunOptions o = threads(1, 2, hosts);
    EXPECT_EQ(checked(message("st.release.gpu.global.u32", "ld.acquire.gpu.global.u32", ""), o).reports, "");
    EXPECT_EQ(checked(message("st.volatile.global.u32", "ld.volatile.global.u32", "membar.gl;"), o).reports,
              "");
    EXPECT_TRUE(
        says(checked(message("st.relaxed.gpu.global.u32", "ld.acquire.gpu.global.u32", ""), o), "race"));
    EXPECT_TRUE(
        says(checked(message("st.release.gpu.global.u32", "ld.relaxed.gpu.global.u32", ""), o), "race"));
    EXPECT_TRUE(
        says(checked(message("st.volatile.global.u32", "ld.volatile.global.u32", "membar.cta;"), o), "race"));
  }
}

TEST(PtxCheck, asynchronousCopies) {
  auto copy = [](const char *wait) {
    return std::string("mov.u32 %r1, sh; shl.b32 %r2, %t, 2; add.u32 %r2, %r2, %r1;\n"
                       "cp.async.ca.shared.global [%r2], [%mine], 4;\ncp.async.commit_group;\n") +
           wait + "\nld.shared.u32 %r3, [%r2];\nst.global.u32 [%mine], %r3;";
  };
  EXPECT_EQ(checked(copy("cp.async.wait_group 0;")).reports, "");
  EXPECT_EQ(checked(copy("cp.async.wait_all;")).reports, "");
  Outcome bad = checked(copy("cp.async.wait_group 1;"));
  EXPECT_TRUE(says(bad, "race") && says(bad, "cp.async.ca") && says(bad, "not been waited for"))
      << bad.reports;
}

TEST(PtxCheck, atomics) {
  EXPECT_EQ(checked("atom.global.add.u32 %r1, [%buffer], 1;", threads(64, 4, 2)).reports, "");
  EXPECT_TRUE(says(
      checked("atom.global.add.u32 %r1, [%buffer], 1; ld.global.u32 %r2, [%buffer];", threads(64)), "race"));
  // A load that a compare-and-swap checks is a guess.
  EXPECT_EQ(checked("ld.global.u32 %r1, [%buffer];\nL: add.u32 %r2, %r1, 1;\n"
                    "atom.global.cas.b32 %r3, [%buffer], %r1, %r2;\nsetp.ne.u32 %p1, %r3, %r1;\n"
                    "mov.u32 %r1, %r3;\n@%p1 bra L;")
                .reports,
            "");
}

TEST(PtxCheck, guessesThroughFunctions) {
  // As nvcc -G writes CUDA's guide's loop: the swap and the conversions are functions.
  const char *functions = R"(
.func (.param .b32 r) same(.param .b32 x) {
  .reg .b32 %a;
  ld.param.b32 %a, [x];
  st.param.b32 [r], %a;
  ret;
}
.func (.param .b32 r) swap(.param .b64 at, .param .b32 old, .param .b32 new) {
  .reg .b64 %at; .reg .b32 %old, %new;
  ld.param.b64 %at, [at];
  ld.param.b32 %old, [old];
  ld.param.b32 %new, [new];
  atom.cas.b32 %old, [%at], %old, %new;
  st.param.b32 [r], %old;
  ret;
}
)";
  const char *loop = R"(
    .param .b32 r; .param .b64 at; .param .b32 old; .param .b32 new; .param .b32 x;
    ld.u32 %r1, [%buffer];
    st.param.b32 [x], %r1;
    call.uni (r), same, (x);
    ld.param.b32 %r1, [r];
  L: add.u32 %r2, %r1, 1;
    st.param.b64 [at], %buffer;
    st.param.b32 [old], %r1;
    st.param.b32 [new], %r2;
    call.uni (r), swap, (at, old, new);
    ld.param.b32 %r3, [r];
    setp.ne.u32 %p1, %r3, %r1;
    mov.u32 %r1, %r3;
    @%p1 bra L;)";
  EXPECT_EQ(checked(loop, RunOptions(), functions).reports, "");
}

TEST(PtxCheck, whatLanesAcquirePassesByShuffles) {
  // Block 1's lane 0 sees the flag, and shows it to the others, which read what block 0 has written.
  auto body = [](const char *shuffle) {
    return std::string(R"(
    mov.u64 %s1, data; mov.u64 %s2, flag;
    setp.ne.u32 %p1, %block, 0; @%p1 bra READ;
    setp.ne.u32 %p2, %t, 0; @%p2 bra END;
    st.global.u32 [%s1], 5;
    st.release.gpu.global.u32 [%s2], 1;
    bra END;
  READ: mov.u32 %r1, 1;
    setp.ne.u32 %p2, %t, 0; @%p2 bra SHOW;
  WAIT: ld.acquire.gpu.global.u32 %r1, [%s2];
    setp.eq.u32 %p3, %r1, 0; @%p3 bra WAIT;
  SHOW:
  )") + shuffle +
           "\nld.global.u32 %r3, [%s1];\nEND:";
  };
  EXPECT_EQ(checked(body("shfl.sync.idx.b32 %r2, %r1, 0, 31, -1;"), threads(32, 2)).reports, "");
  EXPECT_TRUE(says(checked(body(""), threads(32, 2)), "race"));
  // What they did themselves is not ordered by it.
  EXPECT_TRUE(says(checked(exchange("shfl.sync.idx.b32 %r5, %t, 0, 31, -1;", 32)), "race"));
}

TEST(PtxCheck, neverWritten) {
  Outcome bad = checked("mov.u32 %r1, sh; ld.shared.u32 %r2, [%r1]; st.global.u32 [%mine], %r2;");
  EXPECT_TRUE(says(bad, "never written") && says(bad, "ld.shared.u32")) << bad.reports;
}

TEST(PtxCheck, onlyBytesThatAreUsedMatter) {
  // The compiler reads twelve bytes by one load of sixteen; beside them nothing is written, or another thread
  // writes.
  auto body = [](const char *before, const char *first) {
    return std::string("mov.u32 %r1, sh; setp.eq.u32 %p1, %t, 0;\n"
                       "@%p1 st.shared.v2.u32 [%r1], {1, 2};\n@%p1 st.shared.u32 [%r1+8], 3;\nbar.sync 0;\n"
                       "setp.eq.u32 %p2, %t, 40;\n@%p2 st.shared.u32 [%r1+12], 4;\n@!%p1 bra L;\n") +
           before + first + "\nst.global.u32 [%mine], %r4;\nL:";
  };
  const char *load = "ld.shared.v4.u32 {%r2, %r3, %r4, %r5}, [%r1];",
             *mask = ".pragma \"used_bytes_mask 4095\";\n";
  EXPECT_EQ(checked(body(mask, load), threads(64)).reports, "");
  EXPECT_EQ(checked(body(mask, load)).reports, "");
  EXPECT_TRUE(says(checked(body("", load), threads(64)), "race"));
  EXPECT_TRUE(says(checked(body("", load)), "never written"));
  EXPECT_TRUE(says(checked(body(".pragma \"used_bytes_mask 0xf0ff\";\n", load), threads(64)), "race"));
  // It is about one load.
  EXPECT_TRUE(says(checked(body((std::string(mask) + load).c_str(), load)), "never written"));
}

TEST(PtxCheck, barrierNotReachedByAll) {
  Outcome bad = checked("setp.ge.u32 %p1, %t, 32;\n@%p1 exit;\nbar.sync 0;", threads(64));
  EXPECT_TRUE(says(bad, "not reached by all") && says(bad, "bar.sync")) << bad.reports;
}

TEST(PtxCheck, memberMasks) {
  EXPECT_TRUE(says(checked("shfl.sync.idx.b32 %r1, %t, 0, 31, 0xfffffffe;"), "does not name it"));
  EXPECT_TRUE(says(checked("setp.gt.u32 %p1, %t, 7;\n@%p1 exit;\nshfl.sync.idx.b32 %r1, %t, 0, 31, -1;"),
                   "have exited"));
}

} // namespace
