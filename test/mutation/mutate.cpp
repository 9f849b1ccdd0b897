// Damages a model file in seeded ways and compiles each result in this process, up to a stage. A model may
// still compile or be refused; anything else (a crash, a hang, a refusal without a proper message) ends the
// program, and the last line on stdout is the seed that did it.
#include "compiler/Compile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;

namespace {

class Mutator {
public:
  /// `isText`: a JSON file, whose damage is mostly one that its syntax survives.
  Mutator(StringRef original, bool isText, unsigned seed) : text(original), isText(isText), random(seed) {}

  std::string run() {
    for (unsigned n = 1 + below(3); n-- && !text.empty();)
      step();
    return std::move(text);
  }

private:
  size_t below(size_t n) { return n ? std::uniform_int_distribution<size_t>(0, n - 1)(random) : 0; }
  size_t length() { return 1 + below(std::min<size_t>(text.size(), below(4) ? 8 : 200)); }

  void step() {
    size_t at = below(text.size()), other = below(text.size());
    switch (isText && below(4) ? 8 + below(2) : below(9)) {
    case 0:
      text[at] = static_cast<char>(below(256));
      break;
    case 1:
      text[at] ^= static_cast<char>(1 << below(8));
      break;
    case 2:
      text.erase(at, length());
      break;
    case 3:
      text.insert(at, text.substr(other, length()));
      break;
    case 4:
      text.resize(at);
      break;
    case 5:
      text.replace(at, length(), text.substr(other, length()));
      break;
    case 6: // a varint of ten bytes: -1, or a length beyond everything
      text.replace(at, 1, std::string(9, '\xff') + (below(2) ? '\x01' : '\x7f'));
      break;
    case 7:
      text.insert(at, length(), static_cast<char>(below(256)));
      break;
    case 8:
      number(at);
      break;
    }
  }

  /// Replaces the next number of a JSON text (in ONNX: the next digit) by one that hurts.
  void number(size_t at) {
    static constexpr const char *values[] = {
        "-1",    "0",    "1",    "2",  "1e9", "2147483648", "-9223372036854775808", "4611686018427387904",
        "1e400", "\"\"", "null", "[]", "{}"};
    size_t begin = text.find_first_of("0123456789", at);
    if (begin == std::string::npos) return;
    size_t end = std::min(text.find_first_not_of("0123456789.", begin), text.size());
    text.replace(begin, end - begin, values[below(std::size(values))]);
  }

  /// Replaces the next quoted word by another one of the file.
  void word(size_t at, size_t other) {
    auto quoted = [&](size_t from) {
      size_t begin = text.find('"', from),
             end = begin == std::string::npos ? begin : text.find('"', begin + 1);
      return end == std::string::npos ? std::pair(text.size(), size_t(0)) : std::pair(begin, end + 1 - begin);
    };
    auto [begin, size] = quoted(at);
    auto [source, length] = quoted(other);
    text.replace(begin, size, text.substr(source, length));
  }

  std::string text;
  bool isText;
  std::mt19937 random;
};

/// What was written to stderr between the constructor and take().
class CaptureStderr {
public:
  CaptureStderr() : saved(dup(2)), file(memfd_create("stderr", 0)) { dup2(file, 2); }
  std::string take() {
    dup2(saved, 2);
    close(saved);
    std::string text(static_cast<size_t>(lseek(file, 0, SEEK_END)), '\0');
    ssize_t got = pread(file, text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<size_t>(got));
    close(file);
    return text;
  }

private:
  int saved, file;
};

int usage() {
  errs()
      << "usage: girih-mutate MODEL STAGE FIRST COUNT\n"
         "compiles COUNT damaged copies of MODEL, seeds FIRST and on, up to STAGE ('all': to an artifact)\n";
  return 2;
}

/// Null if the outcome is as it should be.
const char *judge(int code, StringRef message) {
  if (code == 0) return nullptr;
  if (code != 1) return "the exit code is neither 0 nor 1";
  if (!message.starts_with("error: ")) return "the message does not start with 'error: '";
  if (message.contains("\nerror: ")) return "there is more than one error";
  if (message.size() > 20000) return "the message is longer than 20,000 bytes";
  return nullptr;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 5) return usage();
  unsigned first, count;
  auto stage = girih::parseStage(argv[2]);
  if ((!stage && StringRef(argv[2]) != "all") || StringRef(argv[3]).getAsInteger(10, first) ||
      StringRef(argv[4]).getAsInteger(10, count))
    return usage();
  auto original = MemoryBuffer::getFile(argv[1]);
  if (!original) return errs() << "error: " << argv[1] << ": " << original.getError().message() << "\n", 2;

  SmallString<64> folder;
  if (sys::fs::createUniqueDirectory("girih-mutate", folder)) return usage();
  std::string path = (folder + "/model" + sys::path::extension(argv[1])).str();
  std::string artifact = (folder + "/model.so").str();
  unsigned compiled = 0;
  for (unsigned seed = first; seed < first + count; ++seed) {
    outs() << seed << "\n";
    outs().flush();
    {
      std::error_code error;
      raw_fd_ostream file(path, error);
      file << Mutator((*original)->getBuffer(), StringRef(path).ends_with(".json"), seed).run();
    }
    girih::CompileOptions options;
    options.input = path;
    options.stopAfter = stage;
    options.output = stage ? "" : artifact;
    options.threads = 1;
    CaptureStderr capture;
    alarm(30); // a hang ends in a signal
    int code = girih::compileModel(options, nulls());
    std::string message = capture.take();
    if (const char *complaint = judge(code, message)) {
      errs() << "seed " << seed << ": " << complaint << ":\n" << message << "\nthe model: " << path << "\n";
      return 3;
    }
    compiled += code == 0;
  }
  sys::fs::remove_directories(folder);
  outs() << compiled << " of " << count << " compiled, the others were refused properly\n";
  return 0;
}
