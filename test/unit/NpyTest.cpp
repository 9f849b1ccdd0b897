// NumPy's files: what is written is read back, and damage ends in an error. (Files that NumPy wrote:
// test/Runtime/run.test.)
#include "tools/girih/Npy.h"
#include "runtime/girih.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <random>

using namespace llvm;
using namespace girih::tool;

namespace {

struct NpyTest : testing::Test {
  SmallString<128> path;
  void SetUp() override { ASSERT_FALSE(sys::fs::createTemporaryFile("girih", "npz", path)); }
  void TearDown() override { sys::fs::remove(path); }

  std::string bytes() {
    auto buffer = MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }
  void write(StringRef bytes) {
    std::error_code code;
    raw_fd_ostream(path, code) << bytes;
    ASSERT_FALSE(code);
  }
};

std::vector<NamedArray> sample() {
  std::vector<NamedArray> arrays = {{"a", makeArray(GIRIH_F32, {2, 3})},
                                    {"deep/b", makeArray(GIRIH_I64, {})},
                                    {"empty", makeArray(GIRIH_BOOL, {0, 5})},
                                    {"half", makeArray(GIRIH_F16, {1})},
                                    {"brain", makeArray(GIRIH_BF16, {1})}};
  for (int i = 0; i < 6; ++i)
    arrays[0].array.as<float>()[i] = float(i) - 2.5f;
  *arrays[1].array.as<int64_t>() = -7;
  *arrays[3].array.as<uint16_t>() = 0x3e00; // 1.5
  *arrays[4].array.as<uint16_t>() = 0x3fc0; // 1.5
  return arrays;
}

TEST_F(NpyTest, RoundTrip) {
  std::vector<NamedArray> arrays = sample();
  ASSERT_FALSE(bool(writeNpz(path, arrays)));
  auto read = readNpz(path);
  ASSERT_TRUE(bool(read));
  ASSERT_EQ(read->size(), arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_EQ((*read)[i].name, arrays[i].name);
    EXPECT_EQ(typeText((*read)[i].array), typeText(arrays[i].array));
    EXPECT_EQ((*read)[i].array.data, arrays[i].array.data);
  }
  EXPECT_EQ((*read)[3].array.at(0), 1.5);
  EXPECT_EQ((*read)[4].array.at(0), 1.5);
}

TEST_F(NpyTest, HeaderForms) {
  auto file = [](StringRef dict, StringRef data) {
    return std::string("\x93NUMPY\x01\x00", 8) + char(dict.size()) + '\0' + dict.str() + data.str();
  };
  auto message = [&](StringRef dict, StringRef data) {
    write(file(dict, data));
    auto array = readNpy(path);
    return array ? typeText(*array) : StringRef(toString(array.takeError())).rsplit("': ").second.str();
  };
  EXPECT_EQ(message("{'shape': (2,), 'fortran_order': False, 'descr': '|u1'}", "ab"), "u8[2]");
  EXPECT_EQ(message("{'descr': '<i2', 'fortran_order': False, 'shape': ( 1 , 1 ), }\n", "ab"), "i16[1, 1]");
  EXPECT_EQ(message("{'descr': '>i2', 'fortran_order': False, 'shape': (1,)}", "ab"),
            "elements of type '>i2' are not supported; save them as little-endian numbers or bools");
  EXPECT_EQ(message("{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", "ab"),
            "not a .npy array: u8[3] needs 3 bytes, 2 follow the header");
  EXPECT_EQ(message("{'descr': '|u1', 'shape': (9223372036854775807, 2)}", "ab"),
            "not a .npy array: the header's shape is invalid");
  EXPECT_EQ(message("{'descr': '|u1', 'shape': (70368744177664, 70368744177664)}", "ab"),
            "not a .npy array: the shape is absurd");
}

TEST_F(NpyTest, ColumnMajor) {
  std::string dict = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}";
  write(std::string("\x93NUMPY\x01\x00", 8) + char(dict.size()) + '\0' + dict + "adbecf");
  auto array = readNpy(path);
  ASSERT_TRUE(bool(array));
  EXPECT_EQ(StringRef(array->data.data(), 6), "abcdef");
}

// No damage may crash or take absurd memory; what is still read is as long as it says.
TEST_F(NpyTest, Damage) {
  ASSERT_FALSE(bool(writeNpz(path, sample())));
  std::string whole = bytes();
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = whole;
    if (i % 4 == 0) damaged.resize(random() % whole.size());
    for (int k = i % 3; k >= 0 && !damaged.empty(); --k)
      damaged[random() % damaged.size()] = char(random());
    auto arrays = parseNpz(damaged);
    if (!arrays) {
      consumeError(arrays.takeError());
      continue;
    }
    for (const NamedArray &a : *arrays)
      EXPECT_EQ(a.array.data.size(), size_t(a.array.elements()) * girih_dtype_bytes(a.array.dtype));
  }
}

TEST_F(NpyTest, NowhereToWrite) {
  Error error = writeNpz("/nowhere/at/all.npz", sample());
  EXPECT_TRUE(StringRef(toString(std::move(error))).starts_with("cannot write '/nowhere/at/all.npz': "));
}

} // namespace
