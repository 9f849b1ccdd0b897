// The runtime on a compiled model written by hand: what it computes, and what it refuses.
#include "test/unit/ByHand.h"
#include <thread>
#include <unistd.h>

using namespace girih::test;

namespace {

TEST(Runtime, Inspect) {
  Model model = openModel();
  girih_model_info info;
  girih_get_model_info(model.get(), &info);
  EXPECT_STREQ(info.name, "by_hand");
  EXPECT_EQ(info.input_count, 3u);
  EXPECT_EQ(info.launch_count, 3u);
  const girih_tensor_info *table = girih_get_output(model.get(), 2);
  ASSERT_TRUE(table);
  EXPECT_STREQ(table->name, "table");
  EXPECT_STREQ(table->dim_text[0], "size[0]");
  EXPECT_EQ(table->dims[0], -1);
  EXPECT_EQ(girih_get_output(model.get(), 0)->dims[1], 4);
  EXPECT_EQ(girih_get_output(model.get(), 3), nullptr);
  girih_symbol_info symbol;
  ASSERT_EQ(girih_get_symbol(model.get(), 1, &symbol, nullptr), GIRIH_OK);
  EXPECT_STREQ(symbol.name, "size[0]");
  EXPECT_EQ(symbol.input, 2u);
  EXPECT_EQ(symbol.axis, -1);
  EXPECT_EQ(symbol.element, 0);
  EXPECT_EQ(girih_get_symbol(model.get(), 2, &symbol, nullptr), GIRIH_INVALID_ARGUMENT);
  EXPECT_EQ(girih_find_input(model.get(), "factor"), 1);
  EXPECT_EQ(girih_find_output(model.get(), "factor"), -1);
}

TEST(Runtime, EveryNumberOfThreads) {
  Model model = openModel();
  for (uint32_t threads = 1; threads <= 4; ++threads) {
    Context context = create(model.get(), threads);
    EXPECT_EQ(girih_get_threads(context.get()), threads);
    for (int64_t n : {1, 2, 3, 7, 1000}) {
      Call call(n, 5);
      for (int i = 0; i < 20; ++i)
        call.run(context.get());
      EXPECT_TRUE(call.isRight()) << threads << " threads, n = " << n;
    }
  }
}

// Workers that went to sleep are woken; those that spin take the next launch.
TEST(Runtime, SleepingWorkers) {
  Model model = openModel();
  Context context = create(model.get(), 2);
  Call call(64, 3);
  for (int i = 0; i < 50; ++i) {
    if (i % 5 == 0) usleep(2000);
    call.run(context.get());
    ASSERT_TRUE(call.isRight());
  }
}

// More plans than are kept, so that the arena grows, shrinks in use, and plans are evicted.
TEST(Runtime, ShapesComeAndGo) {
  Model model = openModel();
  Context context = create(model.get(), 2);
  for (int64_t n : {3, 100000, 3, 5, 7, 9, 11, 200000, 3, 100000, 0, 1}) {
    Call call(n, n % 4);
    girih_tensor outputs[3] = {};
    ASSERT_EQ(girih_infer(context.get(), call.inputs, outputs, nullptr), GIRIH_OK);
    EXPECT_EQ(outputs[2].dims[0], n % 4);
    EXPECT_EQ(outputs[2].dims[1], n);
    EXPECT_EQ(outputs[2].dtype, uint32_t(GIRIH_F32));
    call.run(context.get());
    EXPECT_TRUE(call.isRight()) << n;
  }
}

TEST(Runtime, OneContextManyThreads) {
  Model model = openModel();
  Context context = create(model.get(), 2);
  std::atomic<int> wrong = 0;
  onThreads(4, [&](int t) {
    for (int i = 0; i < 50; ++i) {
      Call call(10 + t * 7 + i % 3, t);
      call.run(context.get());
      wrong += !call.isRight();
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Runtime, ManyContexts) {
  Model model = openModel();
  std::atomic<int> wrong = 0;
  onThreads(3, [&](int t) {
    Context context = create(model.get(), uint32_t(1 + t));
    for (int i = 0; i < 50; ++i) {
      Call call(20 + t, 2);
      call.run(context.get());
      wrong += !call.isRight();
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Runtime, ContextsKeepTheModel) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  model.reset();
  Call call(3, 1);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
}

TEST(Runtime, HostExecutor) {
  std::atomic<int> calls = 0;
  girih_options options = {};
  options.threads = 3;
  options.executor = &calls;
  options.parallel_for = [](void *executor, uint32_t count, void (*chunk)(void *, uint32_t), void *argument) {
    ++*static_cast<std::atomic<int> *>(executor);
    EXPECT_LE(count, 3u);
    std::vector<std::thread> threads;
    for (uint32_t i = count; i-- > 0;)
      threads.emplace_back(chunk, argument, i);
    for (std::thread &t : threads)
      t.join();
  };
  Model model = openModel();
  Context context = create(model.get(), options);
  Call call(10, 2);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
  EXPECT_EQ(calls, 3);
}

TEST(Runtime, Profile) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  girih_launch_info info;
  ASSERT_EQ(girih_get_launch(context.get(), 0, &info, nullptr), GIRIH_OK);
  EXPECT_EQ(info.tasks, 0);
  Call call(10, 2);
  call.run(context.get());
  ASSERT_EQ(girih_set_profiling(context.get(), 1, nullptr), GIRIH_OK);
  call.run(context.get());
  call.run(context.get());
  ASSERT_EQ(girih_get_launch(context.get(), 1, &info, nullptr), GIRIH_OK);
  EXPECT_STREQ(info.name, "Mul_1+Abs_2");
  EXPECT_EQ(info.tasks, 10);
  EXPECT_EQ(info.bytes, 160);
  EXPECT_EQ(info.runs, 2u);
  EXPECT_GT(info.nanoseconds, 0u);
  EXPECT_EQ(info.predicted, 1500);
  ASSERT_EQ(girih_set_profiling(context.get(), 0, nullptr), GIRIH_OK);
  girih_error error;
  EXPECT_EQ(girih_get_launch(context.get(), 3, &info, &error), GIRIH_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "launch 3: there are 3");
}

// Which of a launch's functions runs is a matter of the latest shapes.
TEST(Runtime, Variants) {
  Model model = openModel();
  Context context = create(model.get(), 2);
  girih_launch_info info;
  ASSERT_EQ(girih_get_launch(context.get(), 2, &info, nullptr), GIRIH_OK);
  EXPECT_STREQ(info.kernel_name, "fill");
  for (int64_t size : {3, 1, 0, 2, 1}) {
    Call call(5, size);
    call.run(context.get());
    EXPECT_TRUE(call.isRight()) << size;
    ASSERT_EQ(girih_get_launch(context.get(), 2, &info, nullptr), GIRIH_OK);
    if (size <= 1) {
      EXPECT_STREQ(info.kernel_name, "fill_row");
      EXPECT_STREQ(info.variant, "size[0] <= 1");
      EXPECT_EQ(info.tasks, 1);
    } else {
      EXPECT_STREQ(info.kernel_name, "fill");
      EXPECT_EQ(info.variant, nullptr);
      EXPECT_EQ(info.tasks, size);
    }
  }
}

TEST(Runtime, WrongInputs) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  auto message = [&](int input, girih_tensor t, girih_status status = GIRIH_INVALID_ARGUMENT) {
    Call call(3, 2);
    call.inputs[input] = t;
    return call.run(context.get(), status);
  };
  float data[64] = {};
  EXPECT_EQ(message(0, tensor(GIRIH_F32, {3, 5}, data)),
            "input 'x': expected f32[n, 4], got f32[3, 5] (dimension 1 must be 4)");
  EXPECT_EQ(message(0, tensor(GIRIH_I64, {3, 4}, data)),
            "input 'x': expected f32[n, 4], got i64[3, 4] (the element type differs)");
  EXPECT_EQ(message(0, tensor(GIRIH_F32, {3, 4, 1}, data)),
            "input 'x': expected f32[n, 4], got f32[3, 4, 1] (the number of dimensions differs)");
  EXPECT_EQ(message(0, tensor(GIRIH_F32, {-3, 4}, data)),
            "input 'x': expected f32[n, 4], got f32[-3, 4] (a size is negative or absurd)");
  EXPECT_EQ(message(0, tensor(GIRIH_F32, {INT64_C(1) << 61, 4}, data)),
            "input 'x': expected f32[n, 4], got f32[2305843009213693952, 4] (a size is negative or absurd)");
  EXPECT_EQ(message(0, tensor(GIRIH_F32, {3, 4}, nullptr)), "input 'x': data is null");
  EXPECT_EQ(
      message(2, tensor(GIRIH_I64, {0}, data)),
      "input 'size': expected i64[1], got i64[0] (shapes are computed from its elements, of which there "
      "are too few)");
  EXPECT_EQ(message(2, tensor(GIRIH_I64, {1}, nullptr)),
            "input 'size': data is null, but shapes are computed from its elements");
  int64_t negative = -1, absurd = INT64_C(1) << 62;
  EXPECT_EQ(message(2, tensor(GIRIH_I64, {1}, &negative)),
            "output 'table' would have the shape [-1, 3]: the inputs are too small or too large");
  EXPECT_EQ(
      message(2, tensor(GIRIH_I64, {1}, &absurd)),
      "output 'table' would have the shape [4611686018427387904, 3]: the inputs are too small or too large");
  Call call(3, 2);
  call.run(context.get());
  EXPECT_TRUE(call.isRight()) << "a context works after errors";
}

// The model's operators need relations of sizes that only the inputs tell.
TEST(Runtime, SizesThatDoNotFit) {
  auto message = [](uint32_t kind, girih_abi_size first, girih_abi_size second, const char *x, const char *y,
                    int64_t n, int64_t m) {
    girih_artifact artifact = girih_artifact_table;
    girih_abi_check check = {kind, first, second, x, y, "Node_3", "size[0] is element 0 of input 'size'"};
    artifact.checks = &check, artifact.check_count = 1;
    Model model = openModel(artifact);
    Context context = create(model.get(), 1);
    Call call(n, m);
    std::string text = call.run(context.get(), GIRIH_INVALID_ARGUMENT);
    EXPECT_NE(text.find("; size[0] is element 0 of input 'size'"), std::string::npos) << text;
    return text.substr(0, text.find(';'));
  };
  girih_abi_size n = {0, 0}, size = {1, 0}, five = {-1, 5};
  EXPECT_EQ(message(GIRIH_CHECK_EQUAL, n, size, "n", "size[0]", 3, 2),
            "inputs: 'Node_3' needs n and size[0] to be equal, but they are 3 and 2");
  EXPECT_EQ(message(GIRIH_CHECK_EQUAL, five, size, "5", "size[0]", 3, 2),
            "inputs: 'Node_3' needs size[0] to be 5, but it is 2");
  EXPECT_EQ(message(GIRIH_CHECK_AT_MOST, n, size, "n", "size[0]", 3, 2),
            "inputs: 'Node_3' needs n to be at most size[0], but they are 3 and 2");
  EXPECT_EQ(message(GIRIH_CHECK_AT_MOST, five, size, "5", "size[0]", 3, 2),
            "inputs: 'Node_3' needs size[0] to be at least 5, but it is 2");
  EXPECT_EQ(message(GIRIH_CHECK_BROADCAST, n, size, "n", "size[0]", 3, 2),
            "inputs: 'Node_3' needs n and size[0] to be equal, or one of them to be 1, but they are 3 and 2");
  EXPECT_EQ(message(GIRIH_CHECK_BROADCAST_TO, size, five, "size[0]", "5", 3, 2),
            "inputs: 'Node_3' needs size[0] to be 1 or 5, but it is 2");
}

TEST(Runtime, SizesThatFit) {
  girih_abi_size n = {0, 0}, size = {1, 0};
  for (auto [kind, first, second] : {std::tuple(GIRIH_CHECK_EQUAL, 3, 3),
                                     {GIRIH_CHECK_AT_MOST, 2, 3},
                                     {GIRIH_CHECK_AT_MOST, 3, 3},
                                     {GIRIH_CHECK_BROADCAST, 1, 3},
                                     {GIRIH_CHECK_BROADCAST, 3, 1},
                                     {GIRIH_CHECK_BROADCAST, 3, 3},
                                     {GIRIH_CHECK_BROADCAST_TO, 1, 3},
                                     {GIRIH_CHECK_BROADCAST_TO, 3, 3}}) {
    girih_artifact artifact = girih_artifact_table;
    girih_abi_check check = {uint32_t(kind), n, size, "n", "size[0]", "Node_3", ""};
    artifact.checks = &check, artifact.check_count = 1;
    Model model = openModel(artifact);
    Context context = create(model.get(), 1);
    Call call(first, second);
    call.run(context.get());
    EXPECT_TRUE(call.isRight());
  }
}

// What a kernel leaves in a buffer, here the first output's elements, is the worst index that it has met.
TEST(Runtime, IndexOutside) {
  girih_artifact artifact = girih_artifact_table;
  static const int64_t worst[64] = {4}; // as many as the kernels read of weights, and more
  artifact.weights = worst;
  girih_abi_index_check check = {{GIRIH_BASE_WEIGHT, 0, {-1, 0}}, {0, 0}, "Gather_2"};
  artifact.index_checks = &check, artifact.index_check_count = 1;
  Model model = openModel(artifact);
  Context context = create(model.get(), 1);
  EXPECT_EQ(Call(4, 2).run(context.get(), GIRIH_INVALID_ARGUMENT),
            "inputs: 'Gather_2' has an index of 4 or -5, which is outside of a dimension of size 4");
  Call(5, 2).run(context.get());
}

TEST(Runtime, WrongOutputs) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  Call call(3, 2);
  call.outputs[2].dims[0] = 7;
  EXPECT_EQ(call.run(context.get(), GIRIH_INVALID_ARGUMENT),
            "output 'table': dimension 0 is 2 for these inputs, got 7");
  Call wrongType(3, 2);
  wrongType.outputs[0].dtype = GIRIH_F64;
  EXPECT_EQ(wrongType.run(context.get(), GIRIH_INVALID_ARGUMENT),
            "output 'y': expected f32 of rank 2, got f64 of rank 2");
  Call null(3, 2);
  null.outputs[0].data = nullptr;
  EXPECT_EQ(null.run(context.get(), GIRIH_INVALID_ARGUMENT), "output 'y': data is null");
}

// A working memory that saturates, and one that no machine has.
TEST(Runtime, AbsurdWorkingMemory) {
  for (int64_t bytes : {INT64_MAX, (INT64_C(1) << 47) - 4096}) {
    girih_artifact artifact = girih_artifact_table;
    girih_abi_arena_buffer buffer = {{-1, bytes}, 0, 1, 0};
    artifact.arena_buffers = &buffer;
    Model model = openModel(artifact);
    Context context = create(model.get(), 1);
    std::string message = Call(3, 2).run(context.get(), GIRIH_OUT_OF_MEMORY);
    EXPECT_NE(message.find(bytes == INT64_MAX ? "the values up to 'Add_0' would not fit into any memory"
                                              : "out of memory: model 'by_hand' needs"),
              std::string::npos)
        << message;
  }
}

// What a kernel finds in its first buffer, and where that is.
struct Seen {
  const char *address;
  unsigned char byte;
};
std::vector<Seen> seen;

void look(void *const *buffers, const int64_t *, int64_t, int64_t, void *) {
  auto *bytes = static_cast<const unsigned char *>(buffers[0]);
  seen.push_back({reinterpret_cast<const char *>(bytes), bytes[0]});
}

// Buffers that never live at the same time are apart nevertheless, and what nobody wrote is never the same.
TEST(Runtime, SanitizedArena) {
  girih_artifact artifact = girih_artifact_table;
  const girih_abi_arena_buffer arena[] = {{{-1, 20}, 0, 0, 0}, {{-1, 64}, 1, 1, 0}};
  const girih_abi_buffer_ref refs[] = {{GIRIH_BASE_ARENA, 0, {-1, 0}}, {GIRIH_BASE_ARENA, 1, {-1, 0}}};
  const girih_abi_size one = {-1, 1}, none = {-1, 0};
  const girih_abi_launch launches[] = {
      {{{look}, "look", nullptr, one, 0, none}, "a", &refs[0], nullptr, 1, 0, none, none, 0},
      {{{look}, "look", nullptr, one, 0, none}, "b", &refs[1], nullptr, 1, 0, none, none, 0}};
  artifact.arena_buffers = arena, artifact.arena_buffer_count = 2, artifact.arena_bytes = 64;
  artifact.launches = launches, artifact.launch_count = 2;
  auto run = [&](uint32_t flags) {
    artifact.flags = flags;
    Model model = openModel(artifact);
    Context context = create(model.get(), 1);
    Call call(3, 2);
    seen.clear();
    call.run(context.get());
    call.run(context.get());
    ASSERT_EQ(seen.size(), 4u);
  };
  run(0);
  EXPECT_EQ(seen[0].address, seen[1].address);
  run(GIRIH_SANITIZED);
  EXPECT_GE(seen[1].address - seen[0].address, GIRIH_RED_ZONE + 20);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(seen[1].address) % GIRIH_ALIGNMENT, 0u);
  EXPECT_NE(seen[0].byte, seen[2].byte);
  EXPECT_NE(seen[1].byte, seen[3].byte);
}

TEST(Runtime, Incompatible) {
  girih_artifact artifact = girih_artifact_table;
  girih_error error;
  girih_model *model;
  artifact.abi_version = 99;
  EXPECT_EQ(girih_open(&artifact, nullptr, &model, &error), GIRIH_INCOMPATIBLE);
  EXPECT_TRUE(strstr(error.message, "compiled for version 99")) << error.message;

  artifact = girih_artifact_table;
  artifact.target_cpu = "tomorrow";
  artifact.required_features = "cmov,warp_drive,sse2";
  Model other = openModel(artifact);
  girih_context *context;
  EXPECT_EQ(girih_create(other.get(), nullptr, &context, &error), GIRIH_INCOMPATIBLE);
  EXPECT_TRUE(strstr(error.message, "compiled for tomorrow") && strstr(error.message, "lacks warp_drive:"))
      << error.message;

  girih_options options = {};
  options.threads = 5000;
  Model right = openModel();
  EXPECT_EQ(girih_create(right.get(), &options, &context, &error), GIRIH_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "threads: expected 0 to 1024, got 5000");
}

TEST(Runtime, Load) {
  girih_model *model = nullptr;
  girih_error error;
  EXPECT_EQ(girih_load("/nowhere/model.so", &model, &error), GIRIH_NOT_FOUND);
  EXPECT_STREQ(error.message, "can't read '/nowhere/model.so': No such file or directory");
  EXPECT_EQ(girih_load("/proc/self/cmdline", &model, &error), GIRIH_INCOMPATIBLE);
  EXPECT_TRUE(strstr(error.message, "can't be loaded as a compiled model")) << error.message;
  ASSERT_EQ(girih_load(GIRIH_LIBRARY, &model, &error), GIRIH_INCOMPATIBLE);
  EXPECT_TRUE(strstr(error.message, "not one that girih compiled")) << error.message;
  ASSERT_EQ(girih_load(GIRIH_TEST_MODEL, &model, &error), GIRIH_OK) << error.message;
  Context context = create(model, 2);
  girih_close(model);
  Call call(5, 2);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
}

TEST(Runtime, InputsWithDefaultsMayBeLeftOut) {
  // "factor" is 2 by default, the second weight.
  girih_abi_tensor inputs[3];
  std::copy_n(girih_artifact_table.inputs, 3, inputs);
  inputs[1].default_offset = sizeof(float);
  girih_artifact artifact = girih_artifact_table;
  artifact.inputs = inputs;
  Model model = openModel(artifact);
  EXPECT_FALSE(girih_get_input(model.get(), 0)->has_default);
  EXPECT_TRUE(girih_get_input(model.get(), 1)->has_default);
  Context context = create(model.get(), girih_options());
  Call call(5, 1);
  call.inputs[1].data = nullptr;
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
  call.factor = 3;
  call.inputs[1].data = &call.factor;
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
  // Its type and shape are checked all the same.
  call.inputs[1].dims[0] = 2;
  call.inputs[1].data = nullptr;
  EXPECT_NE(call.run(context.get(), GIRIH_INVALID_ARGUMENT).find("dimension 0 must be 1"), std::string::npos);
}

} // namespace
