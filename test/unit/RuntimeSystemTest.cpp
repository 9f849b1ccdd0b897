// The runtime and the system: signals, forks, files that change, sizes beyond 32 bits.
#include "test/unit/ByHand.h"
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace girih::test;

namespace {

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

// Signals that are sent to the process stay with the program's threads, here one that waits for them.
TEST(Runtime, WorkersLeaveSignalsAlone) {
  sigset_t before, sent;
  sigemptyset(&sent);
  for (int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGALRM, SIGABRT})
    sigaddset(&sent, signal);
  Model model = openModel();
  Context context = create(model.get(), 4);
  Call(1000, 5).run(context.get());
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_FALSE(sigismember(&mask, SIGINT)) << "the caller's own mask is changed";
  pthread_sigmask(SIG_BLOCK, &sent, &before);
  for (int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGALRM, SIGABRT}) {
    kill(getpid(), signal);
    Call(1000, 5).run(context.get());
    timespec second = {1, 0};
    EXPECT_EQ(sigtimedwait(&sent, nullptr, &second), signal);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// What `body` returns in a forked child, or the signal that ended that, negated; SIGALRM after a while.
template <typename F> int inChild(F body) {
  pid_t child = fork();
  if (!child) {
    alarm(30);
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// A child has none of the workers: it is told so, and makes a context of its own.
TEST(Runtime, ForkedChild) {
  Model model = openModel();
  for (uint32_t threads : {1, 3}) {
    Context context = create(model.get(), threads);
    Call call(1000, 5);
    call.run(context.get());
    EXPECT_EQ(inChild([&] {
                Call call(1000, 5);
                girih_launch_info info;
                std::string message = call.run(context.get(), GIRIH_SYSTEM_ERROR);
                EXPECT_TRUE(contains(message, "before a fork")) << message;
                EXPECT_EQ(girih_infer(context.get(), call.inputs, call.outputs, nullptr), GIRIH_SYSTEM_ERROR);
                EXPECT_EQ(girih_set_profiling(context.get(), 1, nullptr), GIRIH_SYSTEM_ERROR);
                EXPECT_EQ(girih_get_launch(context.get(), 0, &info, nullptr), GIRIH_SYSTEM_ERROR);
                context.reset();
                Context own = create(model.get(), threads);
                call.run(own.get());
                EXPECT_TRUE(call.isRight());
                EXPECT_EQ(inChild([&] {
                            Call(3, 2).run(own.get(), GIRIH_SYSTEM_ERROR);
                            return testing::Test::HasFailure();
                          }),
                          0);
                return testing::Test::HasFailure();
              }),
              0);
    call.run(context.get());
    EXPECT_TRUE(call.isRight());
  }
}

// The same while a run holds the context.
TEST(Runtime, ForkDuringARun) {
  struct Gate {
    std::atomic<bool> entered = false, open = false;
  } gate;
  girih_options options = {};
  options.threads = 2, options.executor = &gate;
  options.parallel_for = [](void *executor, uint32_t count, void (*chunk)(void *, uint32_t), void *argument) {
    Gate &gate = *static_cast<Gate *>(executor);
    gate.entered = true;
    while (!gate.open)
      usleep(100);
    for (uint32_t i = 0; i < count; ++i)
      chunk(argument, i);
  };
  Model model = openModel();
  Context context = create(model.get(), options);
  std::thread runner([&] { Call(1000, 5).run(context.get()); });
  while (!gate.entered)
    usleep(100);
  EXPECT_EQ(inChild([&] {
              Call(3, 2).run(context.get(), GIRIH_SYSTEM_ERROR);
              return testing::Test::HasFailure();
            }),
            0);
  gate.open = true;
  runner.join();
}

// A library without a name of its own.
TEST(Runtime, LibraryInMemory) {
  std::ifstream from(GIRIH_TEST_MODEL, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(from), {});
  int file = memfd_create("model", MFD_CLOEXEC);
  ASSERT_EQ(write(file, bytes.data(), bytes.size()), ssize_t(bytes.size()));
  girih_model *loaded = nullptr;
  girih_error error = {};
  std::string path = "/proc/self/fd/" + std::to_string(file);
  ASSERT_EQ(girih_load(path.c_str(), &loaded, &error), GIRIH_OK) << error.message;
  Model model(loaded);
  Context context = create(model.get(), 2);
  Call call(5, 2);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
  close(file);
}

/// A model whose weights lie in a file of 3 MiB.
class WeightsFile : public testing::Test {
protected:
  WeightsFile() : bytes(3 << 20, 0) {
    const float weights[] = {1, 2, 3, 4};
    memcpy(bytes.data(), weights, sizeof weights);
    artifact.weights = nullptr;
    artifact.weights_bytes = bytes.size();
    artifact.weights_file = name.c_str();
    girih_hash hash;
    girih_hash_begin(&hash);
    girih_hash_add(&hash, bytes.data(), bytes.size());
    artifact.weights_hash = girih_hash_end(&hash);
  }
  ~WeightsFile() override { unlink(path.c_str()); }

  /// In place, at a time of its own: a file system's clock may be slower than this test.
  void write(size_t size) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), size);
    touch();
  }
  void touch() {
    timespec times[] = {{++seconds, 0}, {seconds, 0}};
    utimensat(AT_FDCWD, path.c_str(), times, 0);
  }
  std::string open(girih_status expected = GIRIH_INCOMPATIBLE) {
    girih_model *opened = nullptr;
    girih_error error = {};
    EXPECT_EQ(girih_open(&artifact, folder.c_str(), &opened, &error), expected) << error.message;
    model.reset(opened);
    return error.message;
  }

  std::string folder = testing::TempDir(), name = "girih" + std::to_string(getpid()) + ".weights",
              path = folder + "/" + name;
  std::vector<char> bytes;
  time_t seconds = 1000;
  girih_artifact artifact = girih_artifact_table;
  Model model;
};

TEST_F(WeightsFile, WrongFiles) {
  EXPECT_TRUE(contains(open(GIRIH_NOT_FOUND), "No such file"));
  write(bytes.size() - 1);
  EXPECT_TRUE(contains(open(), "has 3145727 bytes, expected 3145728"));
  for (size_t place : {size_t(17), size_t(100), bytes.size() / 2, bytes.size() / 2 + 5, bytes.size() - 1}) {
    bytes[place] ^= 1;
    write(bytes.size());
    bytes[place] ^= 1;
    EXPECT_TRUE(contains(open(), "is not the one")) << "byte " << place;
  }
  write(bytes.size());
  open(GIRIH_OK);
  Context context = create(model.get(), 1);
  model.reset();
  Call call(3, 1);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
}

// The hash of pieces is the hash of the whole, and the length counts.
TEST_F(WeightsFile, Hash) {
  auto of = [&](std::initializer_list<size_t> pieces) {
    girih_hash hash;
    girih_hash_begin(&hash);
    size_t at = 0;
    for (size_t piece : pieces)
      girih_hash_add(&hash, bytes.data() + at, piece), at += piece;
    return girih_hash_end(&hash);
  };
  EXPECT_EQ(of({200}), of({64, 128, 8}));
  EXPECT_NE(of({200}), of({201})); // a zero more
  EXPECT_NE(of({}), of({1}));
}

// What happens to the file while it is mapped.
TEST_F(WeightsFile, ChangesWhileOpen) {
  write(bytes.size());
  open(GIRIH_OK);
  Context context = create(model.get(), 1);
  auto runs = [&] {
    Call call(3, 1);
    call.run(context.get());
    return call.isRight();
  };
  EXPECT_TRUE(runs());
  for (size_t size : {size_t(0), size_t(100), bytes.size() - 1}) {
    ASSERT_EQ(truncate(path.c_str(), size), 0);
    EXPECT_TRUE(contains(Call(3, 1).run(context.get(), GIRIH_INCOMPATIBLE),
                         "was cut off at " + std::to_string(size) + " of 3145728 bytes"));
    write(bytes.size());
    EXPECT_TRUE(runs()) << "the file is whole again";
  }
  touch();
  EXPECT_TRUE(runs()) << "only its time has changed";
  bytes[2 << 20] = 1;
  write(bytes.size());
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(contains(Call(3, 1).run(context.get(), GIRIH_INCOMPATIBLE), "is not the one"));
  bytes[2 << 20] = 0;
  write(bytes.size());
  EXPECT_TRUE(runs());
  // Another file of the same name leaves the mapped one alone.
  std::string other = path + ".new";
  std::ofstream(other) << "other";
  ASSERT_EQ(rename(other.c_str(), path.c_str()), 0);
  EXPECT_TRUE(runs());
  unlink(path.c_str());
  EXPECT_TRUE(runs());
}

/// What a kernel of a launch beyond all 32-bit numbers was called with.
struct LargeCall {
  void *const *buffers;
  int64_t dim, begin, end;
};
std::vector<LargeCall> largeCalls;

TEST(Runtime, BeyondInt32) {
  const int64_t tasks = INT64_C(1) << 46, size = INT64_C(1) << 33, bytes = (INT64_C(3) << 30) + 1;
  girih_abi_buffer_ref refs[] = {{GIRIH_BASE_ARENA, 0, {-1, 0}}, {GIRIH_BASE_ARENA, 1, {-1, 64}}};
  girih_abi_size dim = {-1, size};
  girih_abi_launch launch = {{{[](void *const *buffers, const int64_t *dims, int64_t begin, int64_t end,
                                  void *) { largeCalls.push_back({buffers, dims[0], begin, end}); }},
                              "large",
                              &dim,
                              {-1, tasks},
                              1,
                              {-1, 0}},
                             "Large_0",
                             refs,
                             nullptr,
                             2,
                             0,
                             {-1, INT64_C(1) << 62},
                             {-1, INT64_C(1) << 46},
                             0};
  girih_abi_arena_buffer arena[] = {{{-1, bytes}, 0, 0, 0}, {{-1, bytes}, 0, 0, 0}};
  girih_artifact artifact = girih_artifact_table;
  artifact.input_count = artifact.output_count = artifact.symbol_count = artifact.slot_count =
      artifact.copy_count = artifact.check_count = 0;
  artifact.compute_slots = nullptr;
  artifact.launches = &launch, artifact.launch_count = 1;
  artifact.arena_buffers = arena, artifact.arena_buffer_count = 2;
  girih_options options = {};
  options.threads = 3;
  options.parallel_for = [](void *, uint32_t count, void (*chunk)(void *, uint32_t), void *argument) {
    for (uint32_t i = 0; i < count; ++i)
      chunk(argument, i);
  };
  Model model = openModel(artifact);
  Context context = create(model.get(), options);
  girih_error error = {};
  // The memory is not touched, but a machine may be too small to promise it.
  girih_status status = girih_run(context.get(), nullptr, nullptr, &error);
  if (status == GIRIH_OUT_OF_MEMORY) GTEST_SKIP() << error.message;
  ASSERT_EQ(status, GIRIH_OK) << error.message;
  ASSERT_EQ(largeCalls.size(), 3u);
  int64_t at = 0;
  for (const LargeCall &call : largeCalls) {
    EXPECT_EQ(call.begin, at);
    EXPECT_NEAR(double(call.end - call.begin), double(tasks) / 3, 1);
    EXPECT_EQ(call.dim, size);
    auto apart = static_cast<char *>(call.buffers[1]) - static_cast<char *>(call.buffers[0]);
    EXPECT_GE(std::abs(apart) + 64, bytes);
    at = call.end;
  }
  EXPECT_EQ(at, tasks);
}

} // namespace
