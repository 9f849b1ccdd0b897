// The runtime on a compiled model written by hand (test/Runtime/by_hand.c).
#include "runtime/abi.h"
#include "gtest/gtest.h"
#include <atomic>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>
#include <unistd.h>
#include <vector>

extern "C" const girih_artifact girih_artifact_table;

namespace {

struct Close {
  void operator()(girih_model *m) const { girih_close(m); }
  void operator()(girih_context *c) const { girih_destroy(c); }
};
using Model = std::unique_ptr<girih_model, Close>;
using Context = std::unique_ptr<girih_context, Close>;

Model openModel(const girih_artifact &artifact = girih_artifact_table) {
  girih_model *model = nullptr;
  girih_error error;
  EXPECT_EQ(girih_open(&artifact, nullptr, &model, &error), GIRIH_OK) << error.message;
  return Model(model);
}

Context create(girih_model *model, girih_options options) {
  girih_context *context = nullptr;
  girih_error error;
  EXPECT_EQ(girih_create(model, &options, &context, &error), GIRIH_OK) << error.message;
  return Context(context);
}

girih_tensor tensor(uint32_t dtype, std::vector<int64_t> dims, const void *data) {
  girih_tensor t = {};
  t.data = const_cast<void *>(data);
  t.dtype = dtype;
  t.rank = dims.size();
  std::copy(dims.begin(), dims.end(), t.dims);
  return t;
}

/// Inputs of the model and room for its outputs.
struct Call {
  std::vector<float> x, y, copy, table;
  float factor = 2;
  int64_t size, n;
  girih_tensor inputs[3], outputs[3];

  Call(int64_t n, int64_t size)
      : x(n * 4), y(n * 4, -1), copy(n * 4, -1), table(n * size, -1), size(size), n(n) {
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = float(i % 97) - 48;
    inputs[0] = tensor(GIRIH_F32, {n, 4}, x.data());
    inputs[1] = tensor(GIRIH_F32, {1}, &factor);
    inputs[2] = tensor(GIRIH_I64, {1}, &this->size);
    outputs[0] = tensor(GIRIH_F32, {n, 4}, y.data());
    outputs[1] = tensor(GIRIH_F32, {n, 4}, copy.data());
    outputs[2] = tensor(GIRIH_F32, {size, n}, table.data());
  }

  bool isRight() const {
    for (size_t i = 0; i < x.size(); ++i)
      if (y[i] != std::abs((x[i] + 1) * factor) * float(i % 4 + 1) || copy[i] != y[i]) return false;
    for (size_t i = 0; i < table.size(); ++i)
      if (table[i] != float(int64_t(i) / n)) return false;
    return true;
  }

  std::string run(girih_context *context, girih_status expected = GIRIH_OK) {
    girih_error error = {};
    EXPECT_EQ(girih_run(context, inputs, outputs, &error), expected) << error.message;
    return error.message;
  }
};

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
    Context context = create(model.get(), {threads, nullptr, nullptr});
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
  Context context = create(model.get(), {2, nullptr, nullptr});
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
  Context context = create(model.get(), {2, nullptr, nullptr});
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
  Context context = create(model.get(), {2, nullptr, nullptr});
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        Call call(10 + t * 7 + i % 3, t);
        call.run(context.get());
        wrong += !call.isRight();
      }
    });
  for (std::thread &t : threads)
    t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Runtime, ManyContexts) {
  Model model = openModel();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      Context context = create(model.get(), {uint32_t(1 + t), nullptr, nullptr});
      for (int i = 0; i < 50; ++i) {
        Call call(20 + t, 2);
        call.run(context.get());
        wrong += !call.isRight();
      }
    });
  for (std::thread &t : threads)
    t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Runtime, ContextsKeepTheModel) {
  Model model = openModel();
  Context context = create(model.get(), {1, nullptr, nullptr});
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
  Context context = create(model.get(), {1, nullptr, nullptr});
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
  ASSERT_EQ(girih_set_profiling(context.get(), 0, nullptr), GIRIH_OK);
  girih_error error;
  EXPECT_EQ(girih_get_launch(context.get(), 3, &info, &error), GIRIH_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "launch 3: there are 3");
}

TEST(Runtime, WrongInputs) {
  Model model = openModel();
  Context context = create(model.get(), {1, nullptr, nullptr});
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

// The model's operators need sizes to be equal that only the inputs tell.
TEST(Runtime, SizesThatDiffer) {
  girih_artifact artifact = girih_artifact_table;
  girih_abi_check checks[] = {{{0, 0}, {-1, 3}, "n", "3", "Add_0"},
                              {{1, 0}, {-1, 5}, "size[0]", "5", "Range_3"}};
  artifact.checks = checks, artifact.check_count = 2;
  Model model = openModel(artifact);
  Context context = create(model.get(), {1, nullptr, nullptr});
  Call(3, 5).run(context.get());
  EXPECT_EQ(Call(3, 2).run(context.get(), GIRIH_INVALID_ARGUMENT),
            "inputs: 'Range_3' needs size[0] and 5 to be equal, but they are 2 and 5");
  Call(3, 5).run(context.get());
}

// A size of an intermediate value that must not be negative; here that of an output, which is looked at
// later.
TEST(Runtime, NegativeSize) {
  girih_artifact artifact = girih_artifact_table;
  girih_abi_check check = {{1, 0}, {1, 0}, "size[0]", nullptr, "Range_3"};
  artifact.checks = &check, artifact.check_count = 1;
  Model model = openModel(artifact);
  Context context = create(model.get(), {1, nullptr, nullptr});
  Call call(3, 2);
  call.size = -1;
  EXPECT_EQ(call.run(context.get(), GIRIH_INVALID_ARGUMENT),
            "inputs: too small for 'Range_3', whose result would have a size size[0] of -1");
  call.size = 2;
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
}

TEST(Runtime, WrongOutputs) {
  Model model = openModel();
  Context context = create(model.get(), {1, nullptr, nullptr});
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
    Context context = create(model.get(), {1, nullptr, nullptr});
    std::string message = Call(3, 2).run(context.get(), GIRIH_OUT_OF_MEMORY);
    EXPECT_NE(message.find(bytes == INT64_MAX ? "the values up to 'Add_0' would not fit into any memory"
                                              : "out of memory: model 'by_hand' needs"),
              std::string::npos)
        << message;
  }
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

  girih_options options = {5000, nullptr, nullptr};
  Model right = openModel();
  EXPECT_EQ(girih_create(right.get(), &options, &context, &error), GIRIH_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "threads: expected 0 to 1024, got 5000");
}

TEST(Runtime, WeightsFile) {
  std::string folder = testing::TempDir(), name = "girih" + std::to_string(getpid()) + ".weights";
  std::vector<char> bytes(3 << 20, 0);
  const float weights[] = {1, 2, 3, 4};
  memcpy(bytes.data(), weights, sizeof weights);
  girih_artifact artifact = girih_artifact_table;
  artifact.weights = nullptr;
  artifact.weights_bytes = bytes.size();
  artifact.weights_file = name.c_str();
  artifact.weights_hash = girih_weights_hash(bytes.data(), bytes.size());
  auto write = [&](size_t size) {
    std::ofstream(folder + "/" + name, std::ios::binary).write(bytes.data(), size);
  };
  girih_model *model = nullptr;
  girih_error error;
  EXPECT_EQ(girih_open(&artifact, folder.c_str(), &model, &error), GIRIH_NOT_FOUND);
  EXPECT_TRUE(strstr(error.message, "No such file")) << error.message;
  write(bytes.size() - 1);
  EXPECT_EQ(girih_open(&artifact, folder.c_str(), &model, &error), GIRIH_INCOMPATIBLE);
  EXPECT_TRUE(strstr(error.message, "has 3145727 bytes, expected 3145728")) << error.message;
  for (size_t place : {size_t(100), bytes.size() - 1}) {
    bytes[place] = 1;
    write(bytes.size());
    bytes[place] = 0;
    EXPECT_EQ(girih_open(&artifact, folder.c_str(), &model, &error), GIRIH_INCOMPATIBLE);
    EXPECT_TRUE(strstr(error.message, "is not the one")) << error.message;
  }
  write(bytes.size());
  ASSERT_EQ(girih_open(&artifact, folder.c_str(), &model, &error), GIRIH_OK) << error.message;
  Context context = create(model, {1, nullptr, nullptr});
  girih_close(model);
  Call call(3, 1);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
  unlink((folder + "/" + name).c_str());
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
  Context context = create(model, {2, nullptr, nullptr});
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
  Context context = create(model.get(), {});
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
