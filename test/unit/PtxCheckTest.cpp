// Each kind of planted fault is found, with its lines; correct programs raise nothing.
#include "PtxChecked.h"

using namespace girih::ptx;
using namespace girih::ptx::test;

namespace {

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

// A thread may read and write its own word as often as it likes; another thread's access beside that is a
// race, whichever it comes after, and so is one by all of its warp.
TEST(PtxCheck, whatAThreadDoesAgain) {
  for (std::string space : {"shared", "global"}) {
    std::string own = space == "shared" ? "[%r2]" : "[%s2]", theirs = space == "shared" ? "[%r3]" : "[%s3]";
    std::string write = "st." + space + ".u32 " + own + ", %t;\n",
                read = "ld." + space + ".u32 %r4, " + own + "; add.u32 %r5, %r5, %r4;\n";
    auto with = [&](const std::string &first, const std::string &last) {
      return checked(
          "mov.u32 %r1, sh; mov.u32 %r5, 0; shl.b32 %r2, %t, 2; add.u32 %r2, %r2, %r1; xor.b32 %r3, "
          "%t, 32; shl.b32 %r3, %r3, 2; cvt.u64.u32 %s3, %r3; add.u64 %s3, %s3, %buffer; add.u32 %r3, "
          "%r3, %r1;\nmul.wide.u32 %s2, %t, 4; add.u64 %s2, %s2, %buffer;\nsetp.lt.u32 %p1, %t, 32;\n" +
              first + last + "st.global.u32 [%mine+1024], %r5;",
          threads(64));
    };
    std::string again[] = {write,
                           write + read,
                           write + read + read,
                           write + read + write,
                           write + read + "bar.warp.sync -1;\n" + read,
                           write + read + "bar.sync 0;\n" + read + write};
    for (const std::string &first : again) {
      EXPECT_EQ(with(first, "").reports, "") << space << "\n" << first;
      EXPECT_EQ(with(first, "bar.sync 0;\nst." + space + ".u32 " + theirs + ", 1;\n").reports, "") << first;
      for (std::string last : {"st." + space + ".u32 " + theirs + ", 1;\n",
                               "ld." + space + ".u32 %r4, " + theirs + "; add.u32 %r5, %r5, %r4;\n",
                               "@%p1 st." + space + ".u32 " + theirs + ", 1;\n"})
        EXPECT_TRUE(says(with(first, last), "race")) << space << "\n" << first << last;
    }
    // Both warps have read it, and one of them again, when a third one writes.
    std::string all =
        "bar.sync 0;\n" + read + "ld." + space + ".u32 %r4, " + theirs + "; add.u32 %r5, %r5, %r4;\n";
    EXPECT_EQ(with(write, all + read).reports, "");
    EXPECT_TRUE(says(with(write, all + read + "@%p1 st." + space + ".u32 " + theirs + ", 1;\n"), "race"));
  }
}

TEST(PtxCheck, warps) {
  EXPECT_EQ(checked(exchange("bar.warp.sync -1;", 32)).reports, "");
  EXPECT_TRUE(says(checked(exchange("", 32)), "race"));
  EXPECT_TRUE(says(checked(exchange("bar.warp.sync -1;", 64), threads(64)), "race"));
  // Lanes of one instruction: different values race, the same one does not.
  EXPECT_TRUE(says(checked("st.global.u32 [%buffer], %t;"), "race"));
  EXPECT_EQ(checked("st.global.u32 [%buffer], 7;").reports, "");
}

// Threads that hold copies of a value may all store it.
TEST(PtxCheck, copiesOfAValue) {
  std::string address = "mov.u32 %r1, sh; and.b32 %r2, %t, 7; shl.b32 %r2, %r2, 4; add.u32 %r1, %r1, %r2;\n";
  for (std::string trans : {"", ".trans"}) {
    std::string store = "stmatrix.sync.aligned.m8n8.x1" + trans + ".shared.b16 [%r1], {%r3};";
    EXPECT_EQ(checked(address + "and.b32 %r3, %t, 31;" + store, threads(64)).reports, "");
    EXPECT_TRUE(says(checked(address + "mov.u32 %r3, %t;" + store, threads(64)), "race"));
  }
  // Sums in different orders have different last bits; numbers of lanes are no such sums.
  std::string sum = "cvt.rn.f32.u32 %f1, %t; fma.rn.f32 %f1, %f1, FACTOR, 0f3F800000; mov.b32 %r1, %f1;";
  auto with = [&](const char *factor, const char *store) {
    return checked(sum.substr(0, sum.find("FACTOR")) + factor + sum.substr(sum.find("FACTOR") + 6) + store);
  };
  EXPECT_EQ(with("0f34000000", "st.global.b32 [%buffer], %r1;").reports, "");     // 2^-23
  EXPECT_TRUE(says(with("0f3C000000", "st.global.b32 [%buffer], %r1;"), "race")); // 2^-7
  EXPECT_TRUE(says(with("0f34000000", "st.global.u32 [%buffer], %r1;"), "race"));
}

// What a thread has read may not be overwritten by another, be it with what the first one writes there too.
TEST(PtxCheck, copiesAfterARead) {
  auto with = [](const char *barrier) {
    return checked(
        std::string("mov.u32 %r1, sh; setp.eq.u32 %p1, %t, 0; and.b32 %r3, %t, 31; setp.eq.u32 %p2, %r3, 0;\n"
                    "@%p1 st.shared.u32 [%r1], 5;\n@%p1 ld.shared.u32 %r2, [%r1];\n") +
            barrier + "@%p2 st.shared.u32 [%r1], 7;\n@%p1 st.global.u32 [%mine], %r2;",
        threads(64));
  };
  EXPECT_EQ(with("bar.sync 0;").reports, "");
  Outcome bad = with("");
  EXPECT_TRUE(says(bad, "race") && says(bad, "ld.shared.u32") && says(bad, "in 'sh', byte 0 of 1024"))
      << bad.reports;
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

// Until a copy has been waited for, what it reads stays as it is.
TEST(PtxCheck, sourcesOfCopies) {
  auto with = [](const char *before, const char *after) {
    return checked(
        std::string("mov.u32 %r1, sh; shl.b32 %r2, %t, 3; add.u32 %r1, %r1, %r2; xor.b32 %r2, %r2, 256;\n"
                    "cvt.u64.u32 %s1, %r2; add.u64 %s1, %s1, %buffer;\n"
                    "cp.async.ca.shared.global [%r1], [%mine], 8;\n") +
            before + "bar.sync 0;\nst.global.u32 [%s1+4], %t;\n" + after,
        threads(64));
  };
  EXPECT_EQ(with("cp.async.wait_all;\n", "").reports, "");
  Outcome bad = with("", "cp.async.wait_all;");
  EXPECT_TRUE(says(bad, "race") && says(bad, "cp.async.ca") && says(bad, "not been waited for"))
      << bad.reports;
}

TEST(PtxCheck, atomics) {
  EXPECT_EQ(checked("atom.global.add.u32 %r1, [%buffer], 1;", threads(64, 4, 2)).reports, "");
  EXPECT_TRUE(says(checked("atom.global.add.u32 %r1, [%buffer], 1; ld.global.u32 %r2, "
                           "[%buffer];\nst.global.u32 [%mine+4], %r2;",
                           threads(64)),
                   "race"));
  // A load that a compare-and-swap checks is a guess.
  EXPECT_EQ(checked("ld.global.u32 %r1, [%buffer];\nL: add.u32 %r2, %r1, 1;\n"
                    "atom.global.cas.b32 %r3, [%buffer], %r1, %r2;\nsetp.ne.u32 %p1, %r3, %r1;\n"
                    "mov.u32 %r1, %r3;\n@%p1 bra L;")
                .reports,
            "");
}

// What races may run forever: it is ended, and told of.
TEST(PtxCheck, racesThatNeverEnd) {
  Outcome bad = checked(exchange("", 64) + "setp.eq.u32 %p1, %r1, %r1;\nL: @%p1 bra L;", threads(64));
  ASSERT_EQ(bad.result.reports.size(), 2u) << bad.reports;
  EXPECT_EQ(bad.result.reports[0].kind, "race");
  EXPECT_EQ(bad.result.reports[1].kind, "limit");
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
           "\nld.global.u32 %r3, [%s1];\nst.global.u32 [%mine], %r3;\nEND:";
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
           before + first + "\nst.global.v2.u32 [%mine], {%r4, %r5};\nL:";
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
  // What waits, waits for the threads of the mask that have not exited.
  EXPECT_EQ(checked("setp.gt.u32 %p1, %t, 7;\n@%p1 exit;\nshfl.sync.idx.b32 %r1, %t, 0, 31, -1;\n"
                    "bar.warp.sync -1;")
                .reports,
            "");
  // Odd lanes wait for even ones, which go around the instruction: before they are done with it, or have
  // work.
  auto around = [](const char *work) {
    return checked(std::string("and.b32 %r1, %t, 1; setp.eq.u32 %p1, %r1, 0;\n@%p1 bra L;\n"
                               "shfl.sync.idx.b32 %r2, %t, 3, 31, -1;\nL: ") +
                   work);
  };
  EXPECT_TRUE(says(around("st.global.u32 [%mine], %t;"), "lanes 0x55555555, which the member mask names"));
  EXPECT_EQ(around("").reports, "");
}

//===-- Operations of the asynchronous proxy -------------------------------------===//

/// Thread 0 lets 128 bytes come and go; `body` has READ and WRITE of thread %t's word, and WAIT for an
/// mbarrier.
Outcome bulk(std::string body, uint32_t count = 32) {
  const std::pair<const char *, const char *> words[] = {
      {"COPY", "@%p1 mbarrier.arrive.expect_tx.shared.b64 %s1, [bar], 128;\n"
               "@%p1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%buffer], "
               "128, [bar];\n"},
      {"STORE", "@%p1 cp.async.bulk.global.shared::cta.bulk_group [%buffer], [%r1], 128;\n"
                "@%p1 cp.async.bulk.commit_group;\n"},
      {"WAIT", "{ L: mbarrier.try_wait.parity.shared.b64 %p2, [bar], 0;\n @!%p2 bra L; }\n"},
      {"READ", "ld.shared.u32 %r4, [%r2];\nst.global.u32 [%mine+4096], %r4;\n"},
      {"WRITE", "st.shared.u32 [%r2], %t;\n"}};
  for (auto [word, text] : words)
    for (size_t at; (at = body.find(word)) != std::string::npos;)
      body.replace(at, strlen(word), text);
  std::string setUp =
      ".shared .align 8 .b64 bar;\nmov.u32 %r1, sh; and.b32 %r2, %t, 31; shl.b32 %r2, %r2, 2;\n"
      "add.u32 %r2, %r2, %r1; setp.eq.u32 %p1, %t, 0; mov.u32 %r5, 0;\n"
      "@%p1 mbarrier.init.shared.b64 [bar], 1;\nbar.sync 0;\n";
  return checked(setUp + body, threads(count));
}

TEST(PtxCheck, bulkCopiesAreWaitedFor) {
  EXPECT_EQ(bulk("COPY WAIT READ").reports, "");
  EXPECT_EQ(bulk("COPY @%p1 bra W; bra.uni B; W: WAIT B: bar.sync 0; READ").reports, "") << "by causality";
  Outcome bad = bulk("COPY READ");
  EXPECT_TRUE(says(bad, "race") && says(bad, "cp.async.bulk") && says(bad, "ld.shared") &&
              says(bad, "not been waited for"))
      << bad.reports;
  EXPECT_TRUE(says(bulk("COPY bar.sync 0; READ"), "race")) << "a barrier is no wait";
  EXPECT_TRUE(says(bulk("COPY WRITE"), "race"));
  // A second copy into what the first one is still filling.
  EXPECT_TRUE(says(bulk("COPY COPY"), "race"));
}

TEST(PtxCheck, bulkStoresAreWaitedFor) {
  const std::string write = "WRITE fence.proxy.async.shared::cta; bar.sync 0; ";
  EXPECT_EQ(bulk(write + "STORE cp.async.bulk.wait_group.read 0; bar.sync 0; WRITE").reports, "");
  EXPECT_EQ(bulk(write + "STORE READ").reports, "") << "both read";
  Outcome bad = bulk(write + "STORE bar.sync 0; WRITE");
  EXPECT_TRUE(says(bad, "race") && says(bad, "cp.async.bulk.global") && says(bad, "st.shared"))
      << bad.reports;
  EXPECT_TRUE(says(bulk(write + "STORE cp.async.bulk.wait_group.read 1; bar.sync 0; WRITE"), "race"));
  // Their results are there after the whole wait only.
  const std::string result = " bar.sync 0; ld.global.u32 %r4, [%buffer]; st.global.u32 [%mine+4096], %r4;";
  EXPECT_EQ(bulk(write + "STORE cp.async.bulk.wait_group 0;" + result).reports, "");
  EXPECT_TRUE(says(bulk(write + "STORE cp.async.bulk.wait_group.read 0;" + result), "race"));
}

// Each of two blocks sends 128 bytes to the other, whose mbarrier counts them.
TEST(PtxCheck, copiesWithinAClusterAreWaitedFor) {
  auto exchange = [](const char *wait) {
    RunOptions o = threads(32, 2);
    o.cluster = 2;
    return checked(std::string(R"(
      .shared .align 8 .b64 bar; .shared .align 16 .b8 theirs[128];
      mov.u32 %r1, sh; mov.u32 %r2, theirs; mov.u32 %r3, bar; setp.eq.u32 %p1, %t, 0; shl.b32 %r9, %t, 2;
      add.u32 %r8, %r1, %r9; st.shared.u32 [%r8], %block;
      fence.proxy.async.shared::cta;
      @%p1 mbarrier.init.shared.b64 [%r3], 1;
      @%p1 mbarrier.arrive.expect_tx.shared.b64 %s1, [%r3], 128;
      barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;
      xor.b32 %r4, %block, 1; mapa.shared::cluster.u32 %r5, %r2, %r4; mapa.shared::cluster.u32 %r6, %r3, %r4;
      @%p1 cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r5], [%r1], 128, [%r6];
      add.u32 %r8, %r2, %r9;)") +
                       wait + R"(
      ld.shared.u32 %r10, [%r8];
      setp.eq.u32 %p3, %block, 0;
      @%p3 st.global.u32 [%mine], %r10;
      barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;)",
                   o);
  };
  EXPECT_EQ(
      exchange("L: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p2, [%r3], 0;\n@!%p2 bra L;")
          .reports,
      "");
  Outcome bad = exchange("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;");
  EXPECT_TRUE(says(bad, "race") && says(bad, "cp.async.bulk.shared::cluster") && says(bad, "ld.shared"))
      << bad.reports;
}

TEST(PtxCheck, proxyFences) {
  const std::string end = " STORE cp.async.bulk.wait_group 0;";
  EXPECT_EQ(bulk("WRITE fence.proxy.async; bar.sync 0;" + end).reports, "") << "by the writers";
  EXPECT_EQ(bulk("WRITE bar.sync 0; fence.proxy.async.shared::cta;" + end).reports, "") << "by the reader";
  for (const char *between :
       {"bar.sync 0;", "fence.proxy.async.global; bar.sync 0;", "fence.proxy.alias; bar.sync 0;"}) {
    Outcome bad = bulk(std::string("WRITE ") + between + end);
    EXPECT_TRUE(says(bad, "without fence.proxy.async") && says(bad, "st.shared.u32"))
        << between << bad.reports;
  }
  // The fence is for what was written before it.
  EXPECT_TRUE(says(bulk("WRITE fence.proxy.async; bar.sync 0; WRITE bar.sync 0;" + end),
                   "without fence.proxy.async"));
}

TEST(PtxCheck, copiesThatArrive) {
  const std::string copy = "mov.u32 %r6, bar; @%p1 mbarrier.inval.shared.b64 [%r6]; bar.sync 0;\n"
                           "@%p1 mbarrier.init.shared.b64 [%r6], 32; bar.sync 0;\n"
                           "cp.async.ca.shared.global [%r2], [%mine], 4;\n"
                           "cp.async.mbarrier.arrive.noinc.shared.b64 [%r6];\n";
  EXPECT_EQ(bulk(copy + "WAIT READ").reports, "");
  EXPECT_EQ(bulk(copy + "cp.async.wait_all; READ").reports, "");
  Outcome bad = bulk(copy + "READ");
  EXPECT_TRUE(says(bad, "race") && says(bad, "cp.async.ca")) << bad.reports;
}

/// 64x8x16 by a warpgroup; `body` has PRODUCT, FENCE, COMMIT, WAIT.
Outcome products(std::string body, bool fenceProxy = true) {
  const std::pair<const char *, const char *> words[] = {
      {"PRODUCT",
       "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f1,%f2,%f3,%f4}, %s5, %s6, 1, 1, 1, 0, 0;\n"},
      {"REGISTERS", "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f1,%f2,%f3,%f4}, "
                    "{%r10,%r11,%r12,%r13}, %s6, 1, 1, 1, 0;\n"},
      {"FENCE", "wgmma.fence.sync.aligned;\n"},
      {"COMMIT", "wgmma.commit_group.sync.aligned;\n"},
      {"WAIT", "wgmma.wait_group.sync.aligned 0;\n"},
      {"STORE", "st.global.f32 [%mine], %f1;\n"}};
  for (auto [word, text] : words)
    for (size_t at; (at = body.find(word)) != std::string::npos;)
      body.replace(at, strlen(word), text);
  std::string setUp =
      "shl.b32 %r1, %t, 5; mov.u32 %r2, tiles; add.u32 %r1, %r1, %r2; mov.u32 %r9, 0;\n"
      "st.shared.v4.u32 [%r1], {%r9,%r9,%r9,%r9}; st.shared.v4.u32 [%r1+16], {%r9,%r9,%r9,%r9};\n";
  if (fenceProxy) setUp += "fence.proxy.async;\n";
  // Eight rows of 16 bytes together, the second half 128 bytes on, the next rows 256.
  setUp += "bar.sync 0; shr.u32 %r3, %r2, 4; cvt.u64.u32 %s5, %r3; or.b64 %s5, %s5, 68720001024; add.u64 "
           "%s6, %s5, 128;\n"
           "mov.f32 %f1, 0f00000000; mov.f32 %f2, %f1; mov.f32 %f3, %f1; mov.f32 %f4, %f1;\n";
  return checked(setUp + body, threads(128), ".shared .align 128 .b8 tiles[4096];\n");
}

TEST(PtxCheck, matrixProducts) {
  EXPECT_EQ(products("FENCE PRODUCT PRODUCT COMMIT WAIT STORE").reports, "");
  EXPECT_EQ(
      products("FENCE PRODUCT COMMIT PRODUCT COMMIT WAIT bar.sync 0; st.shared.u32 [%r1], 0; STORE").reports,
      "");
  // Accumulators before their time, and of which nothing has been committed.
  for (const char *body : {"FENCE PRODUCT COMMIT STORE", "FENCE PRODUCT WAIT STORE",
                           "FENCE PRODUCT COMMIT mov.f32 %f5, %f1; st.global.f32 [%mine], %f5;",
                           "FENCE PRODUCT COMMIT mov.f32 %f2, 0f00000000;",
                           "FENCE PRODUCT COMMIT PRODUCT COMMIT wgmma.wait_group.sync.aligned 1; STORE",
                           "FENCE REGISTERS COMMIT add.u32 %r10, %r11, 1;"}) {
    Outcome bad = products(body);
    EXPECT_TRUE(says(bad, ": wgmma: ") && says(bad, "wgmma.mma_async") && says(bad, "not been waited for"))
        << body << "\n"
        << bad.reports;
  }
  EXPECT_EQ(products("FENCE REGISTERS COMMIT WAIT add.u32 %r10, %r11, 1; FENCE REGISTERS COMMIT WAIT STORE")
                .reports,
            "");
  EXPECT_TRUE(says(products("PRODUCT COMMIT WAIT"), "needs wgmma.fence"));
  EXPECT_TRUE(says(products("FENCE PRODUCT COMMIT WAIT add.f32 %f1, %f1, %f1; PRODUCT COMMIT WAIT"),
                   "no wgmma.fence follows"));
}

TEST(PtxCheck, matrixProductsReadUntilTheyAreWaitedFor) {
  Outcome bad = products("FENCE PRODUCT COMMIT bar.sync 0; st.shared.u32 [%r1], 1; WAIT");
  EXPECT_TRUE(says(bad, "race") && says(bad, "wgmma.mma_async") && says(bad, "st.shared.u32")) << bad.reports;
  bad = products("FENCE PRODUCT COMMIT WAIT", false);
  EXPECT_TRUE(says(bad, "without fence.proxy.async") && says(bad, "st.shared.v4")) << bad.reports;
}

// One thread of a warpgroup says that the tile may be overwritten: the products are those of all four warps.
TEST(PtxCheck, matrixProductsOfAWarpgroupAreDoneTogether) {
  Outcome run = checked(R"(
    .shared .align 8 .b64 bar; mov.u32 %r2, tiles; mov.u32 %r3, bar;
    shl.b32 %r1, %t, 4; add.u32 %r1, %r1, %r2; mov.u32 %r9, 0; st.shared.v4.u32 [%r1], {%r9,%r9,%r9,%r9};
    setp.eq.u32 %p1, %t, 0;
    @%p1 mbarrier.init.shared.b64 [%r3], 1;
    fence.proxy.async; bar.sync 0;
    setp.lt.u32 %p2, %t, 128;
    @%p2 bra WRITER;
    shr.u32 %r4, %r2, 4; cvt.u64.u32 %s5, %r4; or.b64 %s5, %s5, 68720001024; add.u64 %s6, %s5, 128;
    mov.f32 %f1, 0f00000000; mov.f32 %f2, %f1; mov.f32 %f3, %f1; mov.f32 %f4, %f1;
    setp.lt.u32 %p3, %t, 160;
    @!%p3 nanosleep.u32 1;
    @!%p3 nanosleep.u32 1;
    @!%p3 nanosleep.u32 1;
    wgmma.fence.sync.aligned;
    wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f1,%f2,%f3,%f4}, %s5, %s6, 1, 1, 1, 0, 0;
    wgmma.commit_group.sync.aligned;
    wgmma.wait_group.sync.aligned 0;
    setp.eq.u32 %p4, %t, 128;
    @%p4 mbarrier.arrive.shared.b64 %s1, [%r3];
    st.global.f32 [%mine], %f1;
    bra DONE;
  WRITER:
    mbarrier.try_wait.parity.shared.b64 %p5, [%r3], 0;
    @!%p5 bra WRITER;
    shl.b32 %r1, %t, 5; add.u32 %r1, %r1, %r2; mov.u32 %r9, 0x3c003c00;
    st.shared.v4.u32 [%r1], {%r9,%r9,%r9,%r9}; st.shared.v4.u32 [%r1+16], {%r9,%r9,%r9,%r9};
  DONE:)",
                        threads(256), ".shared .align 128 .b8 tiles[4096];\n");
  EXPECT_EQ(run.reports, "");
  for (size_t t = 128; t < 256; ++t)
    EXPECT_EQ(run.of<float>(t), 0) << t;
}

} // namespace
