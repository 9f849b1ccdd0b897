// What looks like a fault and is none raises nothing; the fault beside it is still found.
#include "PtxChecked.h"
#include <algorithm>

using namespace girih::ptx;
using namespace girih::ptx::test;

namespace {

// "Last block done": who gets the last ticket resets the count, which the others' atomics precede.
std::string lastBlock(const char *last, const char *between = "") {
  return std::string("setp.ne.u32 %p1, %t, 0; mov.u32 %r1, 0; @%p1 bra DONE;\n"
                     "fence.sc.gpu;\natom.global.add.u32 %r1, [%buffer], 1;\nDONE:\n") +
         between + "setp.ne.u32 %p2, %r1, " + last + ";\n@%p2 exit;\nst.global.u32 [%buffer], 0;";
}

TEST(PtxAlarm, whoSawTheOthersAtomics) {
  for (unsigned hosts : {1u, 2u})
    EXPECT_EQ(checked(lastBlock("3"), threads(1, 4, hosts)).reports, "");
  // One that is not the last to count: the others' atomics may come after its store.
  EXPECT_TRUE(says(checked(lastBlock("2"), threads(1, 4)), "race"));
  // Without any fence, and by lanes of one instruction: the last one of all resets.
  const char *count = "atom.global.add.u32 %r1, [%buffer], 1;\nsetp.ne.u32 %p2, %r1, LAST;\n@%p2 exit;\n"
                      "st.global.u32 [%buffer], 0;";
  auto with = [&](const char *last) {
    std::string s = count;
    s.replace(s.find("LAST"), 4, last);
    return checked(s, threads(64, 3));
  };
  EXPECT_EQ(with("191").reports, "");
  EXPECT_TRUE(says(with("100"), "race"));
}

// Another thread than the one that has seen them resets the count, after a barrier.
TEST(PtxAlarm, whoIsToldThatTheOthersAreDone) {
  auto with = [](const char *barrier) {
    return checked(std::string(R"(
    .shared .b32 ticket; mov.u32 %r2, ticket;
    setp.ne.u32 %p1, %t, 0; @%p1 bra WAIT;
    fence.sc.gpu;
    atom.global.add.u32 %r1, [%buffer], 1;
    st.shared.u32 [%r2], %r1;
  WAIT:
  )") + barrier + R"(
    ld.shared.u32 %r1, [%r2];
    setp.ne.u32 %p2, %r1, 2; @%p2 exit;
    setp.ne.u32 %p3, %t, 40; @%p3 exit;
    st.global.u32 [%buffer], 0;)",
                   threads(64, 3));
  };
  EXPECT_EQ(with("bar.sync 0;").reports, "");
  EXPECT_TRUE(says(with(""), "race"));
}

// A lock that is handed over by red and taken by ld.acquire or ld.relaxed: who has seen the value may store
// and load there as it likes.
TEST(PtxAlarm, whoSawTheLockHandedOver) {
  auto with = [](const char *wait, const char *last) {
    return checked(std::string(R"(
    mov.u64 %s1, flag; setp.ne.u32 %p1, %block, 0; @%p1 bra NEXT;
    red.release.gpu.global.add.u32 [%s1], 1;
    bra DONE;
  NEXT:
  )") + wait + "\nsetp.eq.u32 %p2, %r1, 0; @%p2 bra NEXT;\n" +
                       last + "\nDONE:",
                   threads(1, 2));
  };
  const char *reset = "st.global.u32 [%s1], 0;",
             *reread = "ld.global.u32 %r2, [%s1]; st.global.u32 [%mine], %r2;";
  for (const char *wait : {"ld.acquire.gpu.global.u32 %r1, [%s1];", "ld.relaxed.gpu.global.u32 %r1, [%s1];",
                           "ld.volatile.global.u32 %r1, [%s1];", "atom.global.or.b32 %r1, [%s1], 0;"})
    for (const char *last : {reset, reread})
      EXPECT_EQ(with(wait, last).reports, "") << wait << last;
  // Somewhere else it has seen nothing.
  EXPECT_TRUE(says(with("mov.u32 %r1, 1;", reset), "race"));
}

//===-- Values that nothing uses -------------------------------------------------===//

// An update in place of a tile smaller than the block: every element is held by several threads, one of
// which stores it. The load may come before the store or after it.
TEST(PtxAlarm, lanesThatHoldCopies) {
  for (const char *lanes : {"32", "16", "8"}) {
    auto with = [&](const char *mask, uint32_t count) {
      return checked(std::string("sub.u32 %r1, ") + lanes + ", 1; and.b32 %r2, %t, %r1;\n" +
                         "mad.wide.u32 %s1, %r2, 4, %buffer;\nld.global.f32 %f1, [%s1];\n"
                         "add.f32 %f2, %f1, 0f3F800000;\nand.b32 %r3, %t, " +
                         mask + "; setp.lt.u32 %p1, %r3, " + lanes + ";\n@%p1 st.global.f32 [%s1], %f2;",
                     threads(count));
    };
    for (uint32_t count : {32u, 64u, 128u})
      EXPECT_EQ(with("127", count).reports, "") << lanes << " of " << count;
    Outcome bad = with("63", 128); // threads from 64 on store too, one more than they have read or two
    EXPECT_TRUE(says(bad, "race") && says(bad, "ld.global.f32")) << lanes << "\n" << bad.reports;
  }
}

// sh[1] is not written; `use` is what becomes of it.
Outcome unwritten(const std::string &use, const char *load = "ld.shared.u32 %r2, [%r1+4];") {
  return checked("mov.u32 %r1, sh; mov.u32 %r3, %ntid.x; mov.u32 %r5, 5; mov.u64 %s1, 0; setp.gt.u32 %p1, "
                 "%r3, 32;\nst.shared.u32 [%r1], 7;\nbar.sync 0;\n" +
                 std::string(load) + "\n" + use);
}

TEST(PtxAlarm, valuesThatAreDropped) {
  // %p1 is false: there is no second warp.
  for (const char *use :
       {"", "add.u32 %r4, %r2, 1; mul.lo.u32 %r4, %r4, %r2;",
        "selp.b32 %r4, %r2, %r5, %p1; st.global.u32 [%mine], %r4;",
        "setp.gt.u32 %p2, %r2, 5; and.pred %p3, %p1, %p2; selp.b32 %r4, %r2, %r5, %p3; st.global.u32 "
        "[%mine], %r4;",
        "setp.gt.u32 %p2, %r2, 5; not.pred %p4, %p1; or.pred %p3, %p2, %p4; selp.b32 %r4, 1, 2, %p3; "
        "st.global.u32 "
        "[%mine], %r4;",
        "setp.gt.and.u32 %p3, %r2, 5, %p1; @%p3 st.global.u32 [%mine], 1;",
        "@%p1 st.global.u32 [%mine], %r2;", "and.b32 %r4, %r2, 0; st.global.u32 [%mine], %r4;",
        "mov.u32 %r2, 1; st.global.u32 [%mine], %r2;",
        "cvt.u64.u32 %s2, %r2; mov.b64 {%r2, %r4}, %s1; st.global.u32 [%mine], %r2;",
        // Lanes from 16 on hand it to the others, which take their own.
        "setp.gt.u32 %p2, %t, 15; selp.b32 %r4, %r2, %r5, %p2; shfl.sync.down.b32 %r4, %r4, 1, 31, -1; "
        "setp.lt.u32 "
        "%p3, %t, 15; @%p3 st.global.u32 [%mine], %r4;"})
    EXPECT_EQ(unwritten(use).reports, "") << use;
  EXPECT_EQ(unwritten("st.global.u32 [%mine], %r6;", "ld.shared.v2.u32 {%r6, %r2}, [%r1];").reports, "");
}

TEST(PtxAlarm, valuesThatAreUsed) {
  for (const char *use :
       {"st.global.u32 [%mine], %r2;",
        "add.u32 %r4, %r2, 1; mul.lo.u32 %r4, %r4, %r5; st.global.u32 [%mine], %r4;",
        "not.pred %p1, %p1; selp.b32 %r4, %r2, %r5, %p1; st.global.u32 [%mine], %r4;",
        "setp.gt.u32 %p2, %r2, 5; selp.b32 %r4, 1, 2, %p2; st.global.u32 [%mine], %r4;",
        "setp.gt.u32 %p2, %r2, 5; @%p2 bra L; L:", "setp.gt.u32 %p2, %r2, 5; @%p2 st.global.u32 [%mine], 1;",
        "and.b32 %r2, %r2, 7; mad.wide.u32 %s1, %r2, 4, %buffer; ld.global.u32 %r4, [%s1];",
        "setp.gt.u32 %p2, %r2, 5; mov.u32 %r4, 0; @%p2 mov.u32 %r4, 1; st.global.u32 [%mine], %r4;",
        "atom.global.add.u32 %r4, [%buffer], %r2;", "bar.warp.sync %r2;",
        "cvt.u64.u32 %s2, %r2; mov.b64 {%r2, %r4}, %s2; st.global.u32 [%mine], %r2;",
        "shfl.sync.idx.b32 %r4, %r2, 0, 31, -1; st.global.u32 [%mine], %r4;",
        "setp.gt.u32 %p2, %r2, 5; vote.sync.ballot.b32 %r4, %p2, -1; st.global.u32 [%mine], %r4;",
        "setp.gt.u32 %p2, %t, 15; selp.b32 %r4, %r2, %r5, %p2; shfl.sync.down.b32 %r4, %r4, 1, 31, -1; "
        "setp.eq.u32 "
        "%p3, %t, 15; @%p3 st.global.u32 [%mine], %r4;"}) {
    Outcome bad = unwritten(use);
    EXPECT_TRUE(says(bad, "never written") && says(bad, "ld.shared.u32") && says(bad, "byte 4 of 1024"))
        << use << "\n"
        << bad.reports;
  }
  EXPECT_TRUE(says(unwritten("st.global.u32 [%mine], %r2;"), "its value is used by 'st.global.u32'"));
  EXPECT_TRUE(
      says(unwritten("st.global.u32 [%mine], %r2;", "ld.shared.v2.u32 {%r6, %r2}, [%r1];"), "never written"));
  // In a function they are not followed.
  EXPECT_TRUE(
      says(checked("mov.u32 %r1, sh; call f, (%r1);", RunOptions(),
                   ".shared .align 16 .b8 sh[64];\n.func f(.reg .b32 %a) { .reg .b32 %b; ld.shared.u32 %b, "
                   "[%a]; ret; }\n"),
           "never written"));
}

// All reads may be asked for.
TEST(PtxAlarm, droppedReadsIfTheyAreAskedFor) {
  RunOptions o = threads(64);
  const char *body =
      "setp.gt.u32 %p1, %t, 31;\n@%p1 st.global.u32 [%buffer], 1;\nld.global.u32 %r1, [%buffer];";
  EXPECT_EQ(checked(body, o).reports, "");
  o.checks.droppedReads = true;
  EXPECT_TRUE(says(checked(body, o), "race"));
}

// Each block works in place on four elements and has the next one loaded before it is its turn; the last one
// is another block's. `last` is what becomes of it.
Outcome readAhead(const char *last, bool backwards, uint32_t blocks = 4) {
  RunOptions o = threads(1, blocks);
  o.bytes = 1 << 20;
  return checked(
      std::string("mov.u32 %r9, %block;\n") +
          (backwards ? "mov.u32 %r8, %nctaid.x; sub.u32 %r8, %r8, 1; sub.u32 %r9, %r8, %r9;\n" : "") +
          R"(
    shl.b32 %r1, %r9, 4; cvt.u64.u32 %s1, %r1; add.u64 %s1, %s1, %buffer; mov.u32 %r2, 0;
    ld.global.u32 %r3, [%s1];
  L: ld.global.u32 %r4, [%s1+4];
    add.u32 %r5, %r3, 1;
    st.global.u32 [%s1], %r5;
    add.u64 %s1, %s1, 4; mov.u32 %r3, %r4; add.u32 %r2, %r2, 1; setp.lt.u32 %p1, %r2, 4;
    @%p1 bra L;
  )" + last,
      o);
}

TEST(PtxAlarm, readingAhead) {
  for (bool backwards : {false, true}) {
    EXPECT_EQ(readAhead("", backwards).reports, "") << backwards;
    EXPECT_EQ(readAhead("", backwards, 20000).reports, "")
        << "for longer than loads are followed without a reason";
    Outcome bad = readAhead("st.global.u32 [%mine+1024], %r4;", backwards);
    EXPECT_TRUE(says(bad, "race") && says(bad, "ld.global.u32") && says(bad, "st.global.u32")) << bad.reports;
  }
}

// A value that is dropped does not hide that another read of the same place is used.
TEST(PtxAlarm, oneReadIsUsedAndOneIsNot) {
  const char *use1 = "st.global.u32 [%mine+4], %r1;", *use2 = "st.global.u32 [%mine+4], %r2;";
  for (std::string place : {"global.u32 X [%buffer]", "shared.u32 X [%r9]"}) {
    auto access = [&](const char *op, const char *to, const char *from) {
      std::string s = op + ("." + place) + from + ";\n";
      return s.replace(s.find("X"), 1, to);
    };
    std::string read1 = access("ld", "%r1,", ""), read2 = access("ld", "%r2,", "");
    auto with = [&](const char *first, const char *second, const char *between = "") {
      return checked("mov.u32 %r9, sh; setp.ge.u32 %p1, %t, 32; @%p1 bra WRITE;\n" + read1 + first + between +
                         "\n" + read2 + second +
                         "\nbra DONE;\nWRITE: setp.ne.u32 %p2, %t, 40; @%p2 bra DONE;\n" +
                         access("st", "", ", 5") + "DONE:",
                     threads(64));
    };
    EXPECT_EQ(with("", "").reports, "") << place;
    for (const char *between : {"", "fence.sc.gpu;", "bar.warp.sync -1;"}) {
      EXPECT_TRUE(says(with(use1, "", between), "race")) << place << between;
      EXPECT_TRUE(says(with("", use2, between), "race")) << place << between;
      EXPECT_TRUE(says(with("", use1, between), "race")) << place << between;
    }
  }
  // In a loop, where only the last one is dropped.
  auto loop = [](const char *use) {
    return checked(
        std::string("mov.u32 %r3, 0; setp.ge.u32 %p1, %block, 1; @%p1 bra WRITE;\n"
                    "L: ld.global.u32 %r1, [%buffer];\nadd.u32 %r3, %r3, 1; setp.lt.u32 %p2, %r3, 3;\n") +
            use + "\n@%p2 bra L;\nbra DONE;\nWRITE: st.global.u32 [%buffer], 5;\nDONE:",
        threads(1, 2));
  };
  EXPECT_EQ(loop("").reports, "");
  EXPECT_TRUE(says(loop("@%p2 st.global.u32 [%mine+64], %r1;"), "race"));
}

// Sums of many loads are graphs of what they depend on, which are forgotten when they have become large: then
// the values count as used.
TEST(PtxAlarm, sumsOfManyLoads) {
  auto with = [](const char *end, const char *count) {
    return checked(std::string("mov.u32 %r1, sh; mov.u32 %r2, 0; mov.u32 %r3, 0; mov.u64 %s1, %buffer;\n"
                               "L: ld.shared.u32 %r4, [%r1];\nadd.u32 %r3, %r3, %r4;\nadd.u32 %r2, %r2, 1; "
                               "setp.lt.u32 %p1, %r2, ") +
                   count + ";\n@%p1 bra L;\n" + end);
  };
  EXPECT_EQ(with("", "1000").reports, "");
  EXPECT_TRUE(says(with("st.global.u32 [%mine], %r3;", "1000"), "never written"));
  EXPECT_TRUE(says(with("st.global.u32 [%mine], %r3;", "20000"), "never written"));
}

//===-- The order of blocks --------------------------------------------------------===//

TEST(PtxAlarm, ordersOfBlocks) {
  BlockOrder order;
  for (const char *text :
       {"", "forward", "random", "random:", "random:x", "random:-1", "random:1x", "reverse:1"})
    EXPECT_FALSE(order.parse(text)) << text;
  ASSERT_TRUE(order.parse("reverse"));
  EXPECT_EQ(order.at(0, 7), 6u);
  std::vector<uint64_t> firsts;
  for (const char *text : {"random:0", "random:1", "random:18446744073709551615"}) {
    ASSERT_TRUE(order.parse(text)) << text;
    for (uint64_t count : {1, 2, 3, 7, 64, 1000}) { // a permutation
      std::vector<uint64_t> at;
      for (uint64_t n = 0; n < count; ++n)
        at.push_back(order.at(n, count));
      firsts.push_back(at[0]);
      std::sort(at.begin(), at.end());
      for (uint64_t n = 0; n < count; ++n)
        ASSERT_EQ(at[n], n) << text << " of " << count;
    }
  }
  EXPECT_NE(firsts[5], firsts[11]); // of 1000, by the seed
  EXPECT_LT(order.at(0, uint64_t(1) << 40), uint64_t(1) << 40);
}

// Only a block that comes early finds the place still empty, and reads what another one writes.
TEST(PtxAlarm, racesOfAnotherOrder) {
  const char *body = "atom.global.add.u32 %r1, [%buffer], 1;\nsetp.eq.u32 %p1, %block, 0; @%p1 bra FIRST;\n"
                     "setp.ne.u32 %p2, %r1, 0; @%p2 exit;\nst.global.u32 [%buffer+8], 1;\nexit;\n"
                     "FIRST: ld.global.u32 %r2, [%buffer+8];\nst.global.u32 [%buffer+16], %r2;";
  RunOptions o = threads(1, 8);
  EXPECT_EQ(checked(body, o).reports, "");
  ASSERT_TRUE(o.order.parse("reverse"));
  EXPECT_TRUE(says(checked(body, o), "race"));
}

TEST(PtxAlarm, aFewReportsOfAKind) {
  std::string body = "mov.u32 %r1, sh;\n";
  for (unsigned n = 0; n < 150; ++n)
    body += "ld.shared.u32 %r2, [%r1]; st.global.u32 [%mine], %r2;\n";
  Outcome bad = checked(body + "st.global.u32 [%buffer], %t;");
  EXPECT_EQ(bad.result.reports.size(), 6u) << bad.reports;
  EXPECT_EQ(bad.result.reports[0].kind, "race");
  EXPECT_GE(bad.result.moreReports, 145u);
}

} // namespace
