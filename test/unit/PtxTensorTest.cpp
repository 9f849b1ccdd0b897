// Tensor copies and other operations of the asynchronous proxy, against references that go element by
// element.
#include "PtxHarness.h"
#include "tools/ptxsim/device/TensorMap.h"
#include <cmath>

using namespace girih::ptx;
using namespace girih::ptx::test;

namespace {

constexpr size_t dataAt = 1024, sharedAt = 16384, total = 32768; // in the buffer; the map is at 0

struct Box {
  TensorType type;
  std::vector<uint64_t> sizes;
  std::vector<uint16_t> box;
  std::vector<int> at;
  unsigned swizzle = 0; // bytes
  bool nan = false;
  std::vector<uint8_t> steps = {};
};

TensorMap mapOf(const Box &b) {
  TensorMap m{};
  m.isMap = TensorMap::mark, m.type = b.type, m.rank = uint8_t(b.sizes.size());
  m.swizzle = b.swizzle == 128 ? 3 : b.swizzle == 64 ? 2 : b.swizzle == 32 ? 1 : 0;
  m.fill = b.nan, m.address = 16;
  uint64_t stride = tensorTypeBytes(b.type);
  for (unsigned d = 0; d < m.rank; ++d) {
    m.size[d] = b.sizes[d], m.box[d] = b.box[d], m.step[d] = b.steps.empty() ? 1 : b.steps[d];
    stride = (stride * b.sizes[d] + 15) / 16 * 16; // rows begin at multiples of 16
    if (d + 1 < m.rank) m.stride[d] = stride;
  }
  EXPECT_EQ(problemOf(m), "");
  return m;
}

/// Calls f(byte in shared memory, byte in the tensor or -1) for each element of a box.
template <class F> void forEachElement(const Box &b, const TensorMap &m, F f) {
  unsigned size = tensorTypeBytes(b.type), rank = m.rank;
  std::vector<unsigned> counts, index(rank);
  uint64_t elements = 1;
  for (unsigned d = 0; d < rank; ++d) {
    counts.push_back(unsigned(std::ceil(double(m.box[d]) / m.step[d])));
    elements *= counts[d];
  }
  for (uint64_t n = 0; n < elements; ++n) {
    uint64_t rest = n, row = n / counts[0], byte = n % counts[0] * size;
    int64_t from = 0;
    for (unsigned d = 0; d < rank; ++d) {
      int64_t c = b.at[d] + int64_t(rest % counts[d]) * m.step[d];
      rest /= counts[d];
      if (c < 0 || c >= int64_t(b.sizes[d])) from = -(1ll << 40);
      from += c * int64_t(d ? m.stride[d - 1] : size);
    }
    uint64_t to = row * counts[0] * size + byte;
    // Sixteen bytes change places within a span by the number of the 128 bytes that they lie in.
    if (b.swizzle) to ^= (to / 128 % (b.swizzle / 16)) * 16;
    f(to, from < 0 ? -1 : from);
  }
}

std::string kernelFor(const Box &b, bool load, const TensorMap &m) {
  std::string at, dim = std::to_string(b.at.size()) + "d", bytes = std::to_string(m.boxBytes());
  for (int c : b.at)
    at += (at.empty() ? "" : ", ") + std::to_string(c);
  auto loop = [&](const char *body) {
    return "mov.u32 %r1, %t;\nL: setp.ge.u32 %p1, %r1, " + std::to_string(m.boxBytes() / 4) +
           ";\n@%p1 bra E;\nshl.b32 %r2, %r1, 2; add.u32 %r3, %r2, %r20;\ncvt.u64.u32 %s3, %r2; add.u64 %s3, "
           "%s3, %buffer;\n" +
           body + "\nadd.u32 %r1, %r1, 32; bra L;\nE:\n";
  };
  std::string text = "mov.u32 %r20, sh; add.u64 %s1, %buffer, 1024; setp.eq.u32 %p2, %t, 0;\n"
                     "@%p2 tensormap.replace.tile.global_address.global.b1024.b64 [%buffer], %s1;\n"
                     "@%p2 mbarrier.init.shared.b64 [bar], 1;\nbar.sync 0;\n";
  if (load)
    return text + "@%p2 mbarrier.arrive.expect_tx.shared.b64 %s2, [bar], " + bytes +
           ";\n@%p2 cp.async.bulk.tensor." + dim +
           ".shared::cluster.global.tile.mbarrier::complete_tx::bytes.L2::cache_hint [%r20], [%buffer, {" +
           at + "}], [bar], %s5;\nW: mbarrier.try_wait.parity.shared.b64 %p3, [bar], 0;\n@!%p3 bra W;\n" +
           loop("ld.shared.u32 %r4, [%r3]; st.global.u32 [%s3+16384], %r4;");
  return text + loop("ld.global.u32 %r4, [%s3+16384]; st.shared.u32 [%r3], %r4;") +
         "fence.proxy.async; bar.sync 0;\n@%p2 cp.async.bulk.tensor." + dim +
         ".global.shared::cta.bulk_group [%buffer, {" + at +
         "}], [%r20];\n@%p2 cp.async.bulk.commit_group;\n@%p2 cp.async.bulk.wait_group 0;";
}

const char *declarations = ".shared .align 1024 .b8 sh[8192];\n.shared .align 8 .b64 bar;\n";

void checkBox(const Box &b) {
  TensorMap map = mapOf(b);
  unsigned size = tensorTypeBytes(b.type);
  std::vector<char> buffer(total);
  memcpy(buffer.data(), &map, sizeof(map));
  for (size_t n = dataAt; n < total; ++n)
    buffer[n] = char(n * 2654435761u >> 13);
  Outcome run = runBody(kernelFor(b, true, map), {.buffer = buffer, .bytes = total}, declarations);
  ASSERT_EQ(run.reports, "");
  std::vector<char> expected = buffer;
  forEachElement(b, map, [&](uint64_t shared, int64_t tensor) {
    uint64_t nan = size == 2 ? 0x7fff : 0x7fffffff, zero = 0;
    const void *from =
        tensor >= 0 ? &buffer[dataAt + size_t(tensor)] : static_cast<const void *>(b.nan ? &nan : &zero);
    memcpy(&expected[sharedAt + shared], from, size);
  });
  EXPECT_EQ(memcmp(&expected[dataAt], &run.buffer[dataAt], total - dataAt), 0) << "load";

  run = runBody(kernelFor(b, false, map), {.buffer = buffer, .bytes = total}, declarations);
  ASSERT_EQ(run.reports, "");
  expected = buffer;
  forEachElement(b, map, [&](uint64_t shared, int64_t tensor) {
    if (tensor >= 0) memcpy(&expected[dataAt + size_t(tensor)], &buffer[sharedAt + shared], size);
  });
  EXPECT_EQ(memcmp(&expected[dataAt], &run.buffer[dataAt], total - dataAt), 0) << "store";
}

TEST(PtxTensor, boxes) {
  checkBox({TensorType::F32, {100}, {64}, {3}});
  checkBox({TensorType::F32, {100}, {64}, {70}});
  checkBox({TensorType::U8, {48, 9}, {32, 8}, {-5, 3}});
  checkBox({TensorType::F16, {32, 20}, {64, 16}, {5, 10}, 128, true});
  checkBox({TensorType::F16, {40, 20}, {32, 16}, {-3, -7}, 64});
  checkBox({TensorType::S32, {12, 20}, {8, 16}, {6, 1}, 32});
  checkBox({TensorType::BF16, {16, 5, 6}, {16, 3, 4}, {0, 3, -1}, 0, true});
  checkBox({TensorType::F64, {6, 4, 3, 2}, {4, 3, 2, 2}, {1, -1, 2, 1}});
  checkBox({TensorType::U16, {8, 3, 3, 2, 3}, {8, 2, 2, 2, 2}, {-2, 2, -1, 1, 1}});
  checkBox({TensorType::F32, {20, 20}, {8, 9}, {1, 2}, 32, false, {1, 2}});
}

/// What loads make of a float: zeros of subnormals, tf32 (to the nearest, ties away from zero).
uint32_t loaded(TensorType type, uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  if (!std::isfinite(value)) return bits;
  int exponent;
  if (type != TensorType::F32Flushed && value != 0) {
    double fraction = std::frexp(double(value), &exponent);
    exponent = std::max(exponent, -125); // subnormals have fewer bits
    fraction = double(value) / std::ldexp(1.0, exponent - 11);
    value = float(std::ldexp(std::round(fraction), exponent - 11));
  }
  if (type != TensorType::TF32 && std::fpclassify(value) == FP_SUBNORMAL) value = std::copysign(0.0f, value);
  memcpy(&bits, &value, 4);
  return bits;
}

TEST(PtxTensor, floatsThatAreConvertedWhenTheyAreLoaded) {
  for (TensorType type : {TensorType::F32Flushed, TensorType::TF32, TensorType::TF32Flushed}) {
    Box box{type, {64}, {64}, {0}};
    TensorMap map = mapOf(box);
    std::vector<char> buffer(total);
    memcpy(buffer.data(), &map, sizeof(map));
    uint32_t floats[64];
    for (uint32_t n = 0; n < 64; ++n)
      floats[n] = n % 4 == 0 ? n * 0x1fff7u | (n % 8 ? 0x80000000u : 0) : n * 2654435761u;
    floats[1] = 0x3f801000, floats[2] = 0xbf800fff, floats[3] = 0x3f803000, floats[5] = 0x7f800000;
    memcpy(&buffer[dataAt], floats, sizeof(floats));
    Outcome run = runBody(kernelFor(box, true, map), {.buffer = buffer, .bytes = total}, declarations);
    ASSERT_EQ(run.reports, "");
    for (unsigned n = 0; n < 64; ++n)
      EXPECT_EQ(run.at<uint32_t>(sharedAt / 4 + n), loaded(type, floats[n])) << std::hex << floats[n];
  }
}

TEST(PtxTensor, whatIsWrongIsSaid) {
  auto says = [](Box b, const char *what, auto change, const char *place = "sh") {
    TensorMap map = mapOf(b);
    std::string text = kernelFor(b, true, map);
    change(map);
    std::vector<char> buffer(total);
    memcpy(buffer.data(), &map, sizeof(map));
    if (place != std::string("sh")) text.replace(text.find("mov.u32 %r20, sh"), 16, place);
    Outcome run = runBody(text, {.buffer = buffer, .bytes = total}, declarations);
    EXPECT_NE(run.reports.find(what), std::string::npos) << what << ": " << run.reports;
    EXPECT_NE(run.reports.find("cp.async.bulk.tensor"), std::string::npos) << run.reports;
  };
  Box box{TensorType::F32, {64, 8}, {32, 4}, {0, 0}};
  says(box, "the tensor map has 1 dimensions", [](TensorMap &m) { m.rank = 1; });
  says(box, "more than the swizzle's 32", [](TensorMap &m) { m.swizzle = 1; });
  says(box, "a multiple of 128", [](TensorMap &) {}, "mov.u32 %r20, 64");
  says(box, "outside of its", [](TensorMap &) {}, "mov.u32 %r20, 8192");
  says(box, "allocations", [](TensorMap &m) { m.stride[0] = 1 << 20; });
}

/// One bulk instruction on 16 bytes of shared memory, that start as `shared`, to what starts as `global`.
template <class T>
std::vector<T> reduced(const std::string &op, std::vector<T> shared, std::vector<T> global) {
  std::vector<char> buffer(64);
  memcpy(buffer.data(), global.data(), 16), memcpy(buffer.data() + 32, shared.data(), 16);
  Outcome run =
      runBody("ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%buffer+32]; mov.u32 %r20, sh;\n"
              "st.shared.v4.u32 [%r20], {%r1, %r2, %r3, %r4}; fence.proxy.async;\n"
              "cp.reduce.async.bulk.global.shared::cta.bulk_group." +
                  op + " [%buffer], [%r20], 16; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;",
              {.threads = 1, .buffer = buffer}, declarations);
  EXPECT_EQ(run.reports, "");
  std::vector<T> result(16 / sizeof(T));
  memcpy(result.data(), run.buffer.data(), 16);
  return result;
}

TEST(PtxTensor, reductions) {
  using Words = std::vector<uint32_t>;
  EXPECT_EQ(reduced("add.u32", Words{1, 2, 3, ~0u}, {10, 20, 30, 1}), (Words{11, 22, 33, 0}));
  EXPECT_EQ(reduced("inc.u32", Words{5, 5, 5, 5}, {4, 5, 6, 0}), (Words{5, 0, 0, 1}));
  EXPECT_EQ(reduced("dec.u32", Words{5, 5, 5, 5}, {4, 0, 6, 1}), (Words{3, 5, 5, 0}));
  EXPECT_EQ(reduced("xor.b32", Words{1, 2, 3, 4}, {3, 3, 3, 3}), (Words{2, 1, 0, 7}));
  EXPECT_EQ(reduced("max.s32", std::vector<int32_t>{-1, 2, -3, 4}, {0, 0, -9, 9}),
            (std::vector<int32_t>{0, 2, -3, 9}));
  EXPECT_EQ(reduced("min.s64", std::vector<int64_t>{-1, 1ll << 40}, {0, 5}), (std::vector<int64_t>{-1, 5}));
  EXPECT_EQ(reduced("add.f64", std::vector<double>{0.5, 1e300}, {0.25, 1e300}),
            (std::vector<double>{0.75, 2e300}));
  EXPECT_EQ(reduced("add.f32", std::vector<float>{0.5f, 1e-40f, 1, 2}, {1, 0, 2, 3}),
            (std::vector<float>{1.5f, 0, 3, 5}));
  // 1 + 2^-11 lies between two halves: to even; 1 + 2^-8 between two brain floats.
  using Halves = std::vector<uint16_t>;
  EXPECT_EQ(reduced("add.noftz.f16", Halves{0x1000, 0x3c00, 0x0001, 0, 0, 0, 0, 0},
                    {0x3c00, 0x3c00, 0x0001, 0, 0, 0, 0, 0}),
            (Halves{0x3c00, 0x4000, 0x0002, 0, 0, 0, 0, 0}));
  EXPECT_EQ(
      reduced("add.noftz.bf16", Halves{0x3b80, 0x3f80, 0, 0, 0, 0, 0, 0}, {0x3f80, 0x3f80, 0, 0, 0, 0, 0, 0}),
      (Halves{0x3f80, 0x4000, 0, 0, 0, 0, 0, 0}));
}

TEST(PtxTensor, whatDoesNotExistIsRefused) {
  for (const char *text :
       {"cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f16 [%buffer], [%r1], 16;",
        "cp.reduce.async.bulk.global.shared::cta.bulk_group.min.f32 [%buffer], [%r1], 16;",
        "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%buffer, {%r1}], [%r2];",
        "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%buffer], [%r2];",
        "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%r1, {%r1, %r2}], [%r2];",
        "cp.async.bulk.tensor.6d.global.shared::cta.bulk_group [%buffer, {%r1, %r2}], [%r2];",
        "cp.async.bulk.tensor.3d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [%r1], "
        "[%buffer, {%r1, %r2, %r3}], [%r4], {%h1};",
        "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.min.u64 [%r1], %s1, [%r2];",
        "tensormap.replace.tile.no_field.global.b1024.b32 [%buffer], 1;", "st.bulk [%r1], %s1, 1;"})
    EXPECT_NE(runModule(kernelAround(text)).error, "") << text;
}

TEST(PtxTensor, storesOfZeros) {
  Outcome run =
      runBody("mov.u32 %r20, sh; st.shared.u64 [%r20+32], %buffer; st.bulk.weak.shared::cta [%r20], 40, 0;\n"
              "ld.shared.u64 %s1, [%r20+32]; st.global.u64 [%buffer], %s1;",
              {.threads = 1, .buffer = std::vector<char>(8, 1)}, declarations);
  EXPECT_EQ(run.reports, "");
  EXPECT_EQ(run.at<uint64_t>(0), 0u);
}

} // namespace
