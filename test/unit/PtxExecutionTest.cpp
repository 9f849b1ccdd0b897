// Control flow, barriers, calls and faults of the PTX simulator.
#include "test/unit/PtxHarness.h"

using namespace girih::ptx::test;

namespace {

TEST(PtxExecution, LanesComeTogetherAfterABranch) {
  Outcome run = runBody(R"(
    and.b32 %r1, %t, 1;
    setp.eq.u32 %p1, %r1, 0;
    @%p1 bra EVEN;
    mov.u32 %r2, 100;
    bra JOIN;
  EVEN:
    mov.u32 %r2, 200;
  JOIN:
    activemask.b32 %r3;
    st.global.v2.u32 [%mine], {%r2, %r3};)");
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(run.at<uint32_t>(0), 200u);
  EXPECT_EQ(run.at<uint32_t>(2), 100u);
  EXPECT_EQ(run.at<uint32_t>(1), 0xffffffffu);
}

TEST(PtxExecution, LanesLeaveALoopAtDifferentTimes) {
  Outcome run = runBody(R"(
    mov.u32 %r1, 0;
    mov.u32 %r2, 0;
  LOOP:
    add.u32 %r2, %r2, %r1;
    add.u32 %r1, %r1, 1;
    setp.le.u32 %p1, %r1, %t;
    @%p1 bra LOOP;
    activemask.b32 %r3;
    st.global.v2.u32 [%mine], {%r2, %r3};)");
  EXPECT_EQ(run.reports, "");
  for (uint32_t t = 0; t < 32; ++t) {
    EXPECT_EQ(run.of<uint32_t>(t), t * (t + 1) / 2);
    EXPECT_EQ(run.at<uint32_t>(2 * t + 1), 0xffffffffu);
  }
}

TEST(PtxExecution, LanesOfAWarpMayTakeALockInTurn) {
  // Under lock-step execution the lane that holds the lock would wait for those that spin.
  Outcome run = runBody(R"(
  SPIN:
    atom.global.cas.b32 %r1, [%buffer], 0, 1;
    setp.ne.u32 %p1, %r1, 0;
    @%p1 bra SPIN;
    ld.volatile.global.u32 %r2, [%buffer+8];
    add.u32 %r2, %r2, 1;
    st.volatile.global.u32 [%buffer+8], %r2;
    membar.gl;
    atom.global.exch.b32 %r1, [%buffer], 0;)",
                        {.threads = 64, .blocks = 3, .hostThreads = 2});
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(run.at<uint32_t>(2), 192u);
}

TEST(PtxExecution, BlocksWaitForEachOther) {
  // A barrier of the whole grid: more blocks than host threads.
  Outcome run = runBody(R"(
    setp.ne.u32 %p1, %t, 0;
    @%p1 bra WAIT;
    atom.global.add.u32 %r1, [%buffer], 1;
  WAIT:
    ld.acquire.gpu.global.u32 %r2, [%buffer];
    setp.lt.u32 %p2, %r2, 20;
    @%p2 bra WAIT;)",
                        {.blocks = 20, .hostThreads = 2});
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(run.at<uint32_t>(0), 20u);
}

TEST(PtxExecution, BarriersOrderSharedMemory) {
  Outcome run = runBody(R"(
    .shared .align 4 .b32 s[64];
    mov.u32 %r1, s;
    mad.lo.u32 %r2, %t, 4, %r1;
    st.shared.u32 [%r2], %t;
    bar.sync 0;
    sub.u32 %r3, 63, %t;
    mad.lo.u32 %r3, %r3, 4, %r1;
    ld.shared.u32 %r4, [%r3];
    st.global.u32 [%mine], %r4;)",
                        {.threads = 64});
  EXPECT_EQ(run.reports, "");
  for (uint32_t t = 0; t < 64; ++t)
    EXPECT_EQ(run.of<uint32_t>(t), 63 - t);
}

TEST(PtxExecution, SharedAddressesOf32BitsWrap) {
  Outcome run = runBody(R"(
    .shared .align 4 .b32 s[32];
    mov.u32 %r1, s;
    mad.lo.u32 %r2, %t, 4, %r1;
    st.shared.u32 [%r2], %t;
    bar.warp.sync -1;
    sub.u32 %r3, %r1, %r2;
    ld.shared.u32 %r4, [%r3+124];
    st.global.u32 [%mine], %r4;)");
  EXPECT_EQ(run.reports, "");
  for (uint32_t t = 0; t < 32; ++t)
    EXPECT_EQ(run.of<uint32_t>(t), 31 - t);
}

TEST(PtxExecution, ReservedSharedMemoryIsBesideThePrograms) {
  // 288 bytes are promised from the second of the reserved region's offsets on.
  Outcome run = runBody(R"(
    .shared .align 4 .b32 s[32];
    mov.u32 %r1, s;
    mad.lo.u32 %r2, %t, 4, %r1;
    mov.u32 %r3, %reserved_smem_offset_1;
    mad.lo.u32 %r4, %t, 8, %r3;
    st.shared.u32 [%r2], %t;
    st.shared.u32 [%r4], 77;
    st.shared.u32 [%r3+284], 78;
    bar.warp.sync -1;
    ld.shared.u32 %r5, [%r2];
    mov.u32 %r6, %total_smem_size;
    mad.lo.u32 %r5, %r6, 1000, %r5;
    st.global.u32 [%mine], %r5;)",
                        {.dynamicShared = 64});
  EXPECT_EQ(run.reports, "");
  for (uint32_t t = 0; t < 32; ++t)
    EXPECT_EQ(run.of<uint32_t>(t), (128 + 64) * 1000 + t);
  Outcome beyond =
      runBody("mov.u32 %r1, %reserved_smem_offset_end; st.shared.u32 [%r1+64], 1;", {.dynamicShared = 64});
  EXPECT_NE(beyond.reports.find("outside of its"), std::string::npos) << beyond.reports;
}

TEST(PtxExecution, BarriersVote) {
  Outcome run = runBody(R"(
    setp.lt.u32 %p1, %t, 40;
    bar.red.popc.u32 %r1, 1, %p1;
    bar.red.and.pred %p2, 1, %p1;
    bar.red.or.pred %p3, 1, 64, %p1;
    selp.u32 %r2, 1, 0, %p2;
    selp.u32 %r3, 2, 0, %p3;
    or.b32 %r2, %r2, %r3;
    st.global.v2.u32 [%mine], {%r1, %r2};)",
                        {.threads = 64});
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(run.at<uint32_t>(0), 40u);
  EXPECT_EQ(run.at<uint32_t>(1), 2u);
}

TEST(PtxExecution, FunctionsRecurse) {
  Outcome run = runBody(R"(
    { .param .b32 a; .param .b32 result;
      st.param.b32 [a], %t;
      call.uni (result), fib, (a);
      ld.param.b32 %r1, [result];
    }
    st.global.u32 [%mine], %r1;)",
                        {.threads = 12}, R"(
.func (.param .b32 result) fib(.param .b32 n) {
  .reg .b32 %n, %x, %y; .reg .pred %p;
  ld.param.b32 %n, [n];
  mov.u32 %x, %n;
  setp.lt.u32 %p, %n, 2;
  @%p bra DONE;
  { .param .b32 a; .param .b32 r;
    sub.u32 %n, %n, 1;
    st.param.b32 [a], %n;
    call (r), fib, (a);
    ld.param.b32 %x, [r];
    sub.u32 %n, %n, 1;
    st.param.b32 [a], %n;
    call (r), fib, (a);
    ld.param.b32 %y, [r];
    add.u32 %x, %x, %y;
  }
DONE:
  st.param.b32 [result], %x;
  ret;
})");
  EXPECT_EQ(run.reports, "");
  const uint32_t expected[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
  for (uint32_t t = 0; t < 12; ++t)
    EXPECT_EQ(run.of<uint32_t>(t), expected[t]) << t;
}

TEST(PtxExecution, CallsThroughATable) {
  Outcome run = runBody(R"(
    and.b32 %r1, %t, 1;
    mad.wide.u32 %s1, %r1, 8, 0;
    mov.u64 %s2, table;
    add.u64 %s2, %s2, %s1;
    ld.global.u64 %s3, [%s2];
    { .param .b32 a; .param .b32 r;
      st.param.b32 [a], %t;
      proto: .callprototype (.param .b32 _) _ (.param .b32 _);
      call (r), %s3, (a), proto;
      ld.param.b32 %r2, [r];
    }
    st.global.u32 [%mine], %r2;)",
                        {}, R"(
.func (.param .b32 r) twice(.param .b32 n) { .reg .b32 %n; ld.param.b32 %n, [n]; shl.b32 %n, %n, 1; st.param.b32 [r], %n; ret; }
.func (.param .b32 r) negative(.param .b32 n) { .reg .b32 %n; ld.param.b32 %n, [n]; neg.s32 %n, %n; st.param.b32 [r], %n; ret; }
.global .align 8 .u64 table[2] = {twice, negative};
)");
  EXPECT_EQ(run.reports, "");
  for (int32_t t = 0; t < 32; ++t)
    EXPECT_EQ(run.of<int32_t>(size_t(t)), t & 1 ? -t : 2 * t);
}

TEST(PtxExecution, PrintfWritesItsArguments) {
  std::string out;
  Outcome run = runBody(R"(
    .local .align 8 .b8 args[16];
    .param .b64 f; .param .b64 a; .param .b32 r;
    setp.ne.u32 %p1, %t, 3;
    @%p1 bra END;
    mov.u64 %s1, args;
    cvta.local.u64 %s2, %s1;
    st.local.u32 [%s1], %t;
    mov.f64 %d1, 0d4004000000000000;
    st.local.f64 [%s1+8], %d1;
    mov.u64 %s3, format;
    cvta.global.u64 %s4, %s3;
    st.param.b64 [f], %s4;
    st.param.b64 [a], %s2;
    call.uni (r), vprintf, (f, a);
  END:)",
                        {.print = [&](const std::string &s) { out += s; }}, R"(
.extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);
.global .align 1 .b8 format[12] = {37, 100, 32, 37, 46, 50, 102, 32, 37, 37, 10, 0};
)");
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(out, "3 2.50 %\n");
}

TEST(PtxExecution, PrintfCutsAndPads) {
  std::string out;
  Outcome run = runBody(R"(
    .local .align 8 .b8 args[16];
    .param .b64 f; .param .b64 a; .param .b32 r;
    setp.ne.u32 %p1, %t, 3;
    @%p1 bra END;
    mov.u64 %s1, args;
    cvta.local.u64 %s2, %s1;
    st.local.u32 [%s1], 65836;
    st.local.u32 [%s1+4], 65836;
    mov.u64 %s3, word;
    cvta.global.u64 %s4, %s3;
    st.local.u64 [%s1+8], %s4;
    mov.u64 %s3, format;
    cvta.global.u64 %s4, %s3;
    st.param.b64 [f], %s4;
    st.param.b64 [a], %s2;
    call.uni (r), vprintf, (f, a);
  END:)",
                        {.print = [&](const std::string &s) { out += s; }}, R"(
.extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);
.global .align 1 .b8 word[4] = {120, 121, 122, 0};
.global .align 1 .b8 format[16] = {37, 104, 104, 100, 32, 37, 104, 100, 32, 37, 52, 46, 50, 115, 10, 0};
)"); // "%hhd %hd %4.2s\n"
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(out, "44 300   xy\n");
}

TEST(PtxExecution, FaultsNameThePlace) {
  Outcome run = runBody("ld.global.u32 %r1, [%buffer+8192];");
  ASSERT_EQ(run.result.reports.size(), 1u);
  EXPECT_NE(run.reports.find("0 bytes after the end of an allocation of 8192 bytes"), std::string::npos)
      << run.reports;
  EXPECT_NE(run.reports.find("ld.global.u32"), std::string::npos) << run.reports;
  run = runBody("ld.global.v2.u32 {%r1, %r2}, [%buffer+4];");
  EXPECT_NE(run.reports.find("misaligned"), std::string::npos) << run.reports;
  run = runBody("mov.u64 %s1, c; st.global.u32 [%s1], %t;", {}, ".const .b32 c[4] = {1, 2, 3, 4};\n");
  EXPECT_NE(run.reports.find("constant memory"), std::string::npos) << run.reports;
  run = runBody("trap;");
  EXPECT_NE(run.reports.find("trapped"), std::string::npos) << run.reports;
}

TEST(PtxExecution, DeadlocksAreFound) {
  Outcome run = runBody(R"(
    setp.lt.u32 %p1, %t, 32;
    @%p1 bra A;
    bar.sync 1;
    bra B;
  A:
    bar.sync 2;
  B:)",
                        {.threads = 64});
  EXPECT_NE(run.reports.find("deadlock"), std::string::npos) << run.reports;
  EXPECT_NE(run.reports.find("bar.sync"), std::string::npos) << run.reports;
  // Half a warp waits for the other half, which waits for all.
  run = runBody(R"(
    setp.lt.u32 %p1, %t, 16;
    @%p1 bra A;
    barrier.sync 0;
    bra.uni B;
  A:
    shfl.sync.idx.b32 %r1, %t, 0, 31, -1;
  B:)");
  EXPECT_NE(run.reports.find("deadlock"), std::string::npos) << run.reports;
}

TEST(PtxExecution, LoopsWithoutAnEndAreFound) {
  for (const char *body : {"L: bra L;", "L: add.u32 %r1, %r1, 1; and.b32 %r1, %r1, 1023; bra L;",
                           // A load that is not strong need not see what others write, but here none does.
                           "L: ld.global.u32 %r1, [%buffer]; setp.eq.u32 %p1, %r1, 0; @%p1 bra L;",
                           // Half of the lanes wait for the other half's end.
                           "setp.lt.u32 %p1, %t, 16; L: @%p1 bra L;"}) {
    Outcome run = runBody(body, {.threads = 64, .blocks = 2, .hostThreads = 2});
    EXPECT_NE(run.reports.find("deadlock"), std::string::npos) << body << "\n" << run.reports;
    EXPECT_EQ(run.reports.find("not supported"), std::string::npos);
  }
  // One that ends long after the last change is none: it counts in a register, or in local memory.
  for (const char *counts :
       {"add.u32 %r1, %r1, 1;", "ld.local.u32 %r1, [n]; add.u32 %r1, %r1, 1; st.local.u32 [n], %r1;"}) {
    Outcome run = runBody(".local .b32 n; mov.u32 %r1, 0; st.local.u32 [n], %r1;"
                          "L: " +
                          std::string(counts) +
                          " and.b32 %r2, %r1, 3; setp.lt.u32 %p1, %r1, 3000000; @%p1 bra L;"
                          "st.global.u32 [%mine], %r1;");
    EXPECT_EQ(run.reports, "");
    EXPECT_EQ(run.of<uint32_t>(5), 3000000u);
  }
}

TEST(PtxExecution, LaunchesMayHaveALimit) {
  Outcome run = runBody("L: add.u32 %r1, %r1, 1; bra L;", {.blocks = 2, .maxWarpInstructions = 1 << 16});
  EXPECT_NE(run.reports.find("limit: the launch ran more instructions than it may"), std::string::npos)
      << run.reports;
}

TEST(PtxExecution, NumberedRegistersAndOneOfTheirNameAreDifferent) {
  Outcome run = runBody(".reg .b32 %x, %x<3>; mov.u32 %x, 5; mov.u32 %x0, 6; mov.u32 %x2, 7;"
                        "{ .reg .b32 %x2; mov.u32 %x2, 8; add.u32 %x, %x, %x2; }"
                        "add.u32 %x, %x, %x0; add.u32 %x, %x, %x2; st.global.u32 [%mine], %x;");
  EXPECT_EQ(run.of<uint32_t>(3), 5u + 8 + 6 + 7);
  for (const char *twice : {".reg .b32 %x; .reg .b64 %x;", ".reg .b32 %x<2>; .reg .b64 %x<3>;",
                            ".reg .b32 %x<2>; .reg .b64 %x1;", ".reg .b32 %x1; .reg .b32 %x<2>;"})
    EXPECT_NE(runModule(kernelAround(twice)).error.find("declared twice"), std::string::npos) << twice;
}

TEST(PtxExecution, WhatIsUnknownIsRefusedByNameAndLine) {
  auto error = [](const std::string &body) { return runModule(kernelAround(body)).error; };
  EXPECT_EQ(error("frob.u32 %r1, %r2;"), "error: test.ptx:12:1: instruction 'frob.u32' is not supported");
  EXPECT_NE(error("add.u33 %r1, %r2, %r3;").find("'.u33' here"), std::string::npos);
  EXPECT_NE(error("add.u32 %r1, %r2;").find("does not take 2 operands"), std::string::npos);
  EXPECT_NE(error("add.u32 %r1, %s2, %r3;").find("32 bits"), std::string::npos);
  EXPECT_NE(error("bra NOWHERE;").find("label 'NOWHERE' is not defined"), std::string::npos);
  for (const char *many : {".reg .b32 %x<1048577>;", ".reg .v4 .b32 %x<4611686018427387904>;"})
    EXPECT_NE(error(many).find("more than a million registers"), std::string::npos) << many;
  EXPECT_NE(error("add.u32 %r1, %q2, %r3;").find("'%q2'"), std::string::npos);
}

} // namespace
