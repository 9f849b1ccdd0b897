// What looks like a fault and is none raises nothing; the fault beside it is still found.
#include "PtxChecked.h"

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
  for (unsigned hosts : {1u, 2u}) {
    EXPECT_EQ(checked(lastBlock("3"), threads(1, 4, hosts)).reports, "");
    // One that is not the last to count: the others' atomics may come after its store.
    EXPECT_TRUE(says(checked(lastBlock("2"), threads(1, 4, hosts)), "race"));
  }
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

} // namespace
