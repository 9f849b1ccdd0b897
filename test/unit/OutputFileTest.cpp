// Files that belong together are written together, or none is.
#include "compiler/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"
#include <unistd.h>

using namespace llvm;
using namespace girih;

namespace {

class OutputFiles : public testing::Test {
protected:
  OutputFiles() : folder(testing::TempDir() + "girih-output-" + std::to_string(getpid())) {
    sys::fs::create_directory(folder);
  }
  ~OutputFiles() override { sys::fs::remove_directories(folder); }

  std::string path(StringRef name) { return folder + "/" + name.str(); }
  void write(StringRef name, StringRef text) {
    std::error_code code;
    raw_fd_ostream(path(name), code) << text;
    EXPECT_FALSE(code);
  }
  std::string read(StringRef name) {
    auto buffer = MemoryBuffer::getFile(path(name));
    return buffer ? (*buffer)->getBuffer().str() : "none";
  }
  /// A new file for each name, its text "new NAME".
  SmallVector<FinishedFile> begin(ArrayRef<StringRef> names) {
    SmallVector<FinishedFile> files;
    for (StringRef name : names) {
      auto file = TemporaryFile::create(path(name), ".tmp");
      EXPECT_TRUE(bool(file));
      EXPECT_FALSE(file->write([&](raw_ostream &os) {
        os << "new " << name;
        return Error::success();
      }));
      files.push_back({std::move(*file), path(name)});
    }
    return files;
  }
  /// What is in the folder, with "/" after a folder's name.
  std::vector<std::string> list() {
    std::vector<std::string> names;
    std::error_code code;
    for (sys::fs::directory_iterator i(folder, code), end; i != end && !code; i.increment(code))
      names.push_back(StringRef(i->path()).substr(folder.size() + 1).str() +
                      (i->type() == sys::fs::file_type::directory_file ? "/" : ""));
    llvm::sort(names);
    return names;
  }

  std::string folder;
};

TEST_F(OutputFiles, AllAreKept) {
  write("a", "old a");
  auto files = begin({"a", "b", "c"});
  files[2].executable = true;
  EXPECT_FALSE(keepAll(files));
  EXPECT_EQ(list(), std::vector<std::string>({"a", "b", "c"}));
  EXPECT_EQ(read("a"), "new a");
  EXPECT_EQ(read("c"), "new c");
  EXPECT_TRUE(sys::fs::can_execute(path("c")));
  EXPECT_FALSE(sys::fs::can_execute(path("b")));
}

// Whichever can't take its name: a folder took it while the files were written.
TEST_F(OutputFiles, NoneIsKept) {
  for (StringRef taken : {"a", "b", "c"}) {
    write("a", "old a");
    write("c", "old c");
    {
      auto files = begin({"a", "b", "c"});
      sys::fs::remove(path(taken));
      sys::fs::create_directory(path(taken));
      std::string message = toString(keepAll(files));
      EXPECT_TRUE(StringRef(message).starts_with("cannot write '" + path(taken) + "': ")) << message;
    }
    std::vector<std::string> expected = {"a", "c"};
    if (taken == "b") expected.insert(expected.begin() + 1, "b/");
    if (taken == "a") expected[0] = "a/";
    if (taken == "c") expected[1] = "c/";
    EXPECT_EQ(list(), expected);
    if (taken != "a") EXPECT_EQ(read("a"), "old a");
    if (taken != "c") EXPECT_EQ(read("c"), "old c");
    sys::fs::remove(path(taken));
  }
}

} // namespace
