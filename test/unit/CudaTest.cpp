// The runtime on a GPU, that of the PTX simulator: a compiled model written by hand, in the caller's memory
// here and on the device, and what is said of drivers, GPUs and kernels that are no good.
#include "tools/ptxsim/driver/include/cuda.h"
#include "test/unit/ByHand.h"
#include <cstdlib>
#include <dlfcn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace girih::test;

namespace {

/// A function of the simulator's driver, beside the runtime's own use of it.
template <typename F> F *driver(F *, const char *name) {
  static void *library = dlopen(GIRIH_CUDASIM, RTLD_NOW | RTLD_LOCAL);
  return reinterpret_cast<F *>(dlsym(library, name));
}
#define TEXT(name) #name
#define DRIVER(name) driver(&name, TEXT(name))

class Cuda : public ::testing::Test {
protected:
  void SetUp() override { setenv("GIRIH_CUDA_DRIVER", GIRIH_CUDASIM, 1); }
};

/// Memory of the device, in the primary context.
class Buffer {
public:
  explicit Buffer(const std::vector<float> &data) : bytes(data.size() * sizeof(float)) {
    DRIVER(cuInit)(0);
    DRIVER(cuDevicePrimaryCtxRetain)(&context, 0);
    DRIVER(cuCtxPushCurrent)(context);
    EXPECT_EQ(DRIVER(cuMemAlloc)(&address, bytes + 64), CUDA_SUCCESS);
    EXPECT_EQ(DRIVER(cuMemcpyHtoD)(address, data.data(), bytes), CUDA_SUCCESS);
    DRIVER(cuCtxPopCurrent)(nullptr);
  }
  ~Buffer() {
    DRIVER(cuCtxPushCurrent)(context);
    DRIVER(cuMemFree)(address);
    DRIVER(cuCtxPopCurrent)(nullptr);
    DRIVER(cuDevicePrimaryCtxRelease)(0);
  }
  void *data(size_t offset = 0) const { return reinterpret_cast<void *>(address + offset); }
  std::vector<float> read() const {
    std::vector<float> result(bytes / sizeof(float));
    DRIVER(cuCtxPushCurrent)(context);
    EXPECT_EQ(DRIVER(cuMemcpyDtoH)(result.data(), address, bytes), CUDA_SUCCESS);
    DRIVER(cuCtxPopCurrent)(nullptr);
    return result;
  }

private:
  size_t bytes;
  CUcontext context = nullptr;
  CUdeviceptr address = 0;
};

std::string createError(const girih_artifact &artifact, girih_status expected, girih_options options = {}) {
  Model model = openModel(artifact);
  girih_context *context = nullptr;
  girih_error error = {};
  EXPECT_EQ(girih_create(model.get(), &options, &context, &error), expected) << error.message;
  return error.message;
}

/// The model with other code, for each of the GPUs in `sms`.
girih_artifact withCode(std::vector<girih_abi_device_module> &modules) {
  girih_artifact artifact = girih_artifact_table;
  artifact.device_modules = modules.data(), artifact.device_module_count = modules.size();
  return artifact;
}

// From the second run of a shape on it is a graph. More shapes than plans are kept, and empty grids among
// them.
TEST_F(Cuda, ShapesComeAndGo) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  EXPECT_STREQ(girih_get_device(context.get()), "NVIDIA H100 80GB HBM3 (simulated)");
  EXPECT_EQ(girih_get_threads(context.get()), 1u);
  for (int64_t n : {3, 1000, 3, 5, 7, 9, 11, 2000, 3, 1000, 0, 1})
    for (int i = 0; i < 4; ++i) {
      Call call(n, n % 4);
      call.factor = float(i + 1);
      call.run(context.get());
      EXPECT_TRUE(call.isRight()) << n;
    }
}

TEST_F(Cuda, ContextsAtTheSameTime) {
  Model model = openModel();
  std::atomic<int> wrong = 0;
  onThreads(3, [&](int t) {
    Context context = create(model.get(), 1);
    for (int i = 0; i < 10; ++i) {
      Call call(20 + t + i % 2, 2);
      call.run(context.get());
      wrong += !call.isRight();
    }
  });
  EXPECT_EQ(wrong, 0);
  // All of it is given back; the primary context goes with the last.
  Context context = create(model.get(), 1);
  model.reset();
  context.reset();
  unsigned flags;
  int active = 1;
  DRIVER(cuDevicePrimaryCtxGetState)(0, &flags, &active);
  EXPECT_EQ(active, 0);
}

// The scale's default is among the weights.
TEST_F(Cuda, DefaultsOfInputs) {
  girih_artifact artifact = girih_artifact_table;
  std::vector<girih_abi_tensor> inputs(artifact.inputs, artifact.inputs + 3);
  inputs[1].default_offset = 8; // where the third weight is
  artifact.inputs = inputs.data();
  Model model = openModel(artifact);
  Context context = create(model.get(), 1);
  for (int i = 0; i < 3; ++i) {
    Call call(5, 2);
    call.inputs[1].data = nullptr;
    call.factor = 3;
    call.run(context.get());
    EXPECT_TRUE(call.isRight());
  }
}

// In place where it is aligned, copied where it is not; the sizes are read from the device too.
TEST_F(Cuda, MemoryOfTheDevice) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  for (size_t offset : {0, 0, 0, 4}) {
    Call call(6, 2);
    std::vector<float> moved(offset / 4);
    moved.insert(moved.end(), call.x.begin(), call.x.end());
    float size[2] = {};
    memcpy(size, &call.size, sizeof size);
    Buffer x(moved), y(std::vector<float>(24, -1)), factor({2}), sizes({size[0], size[1]}),
        table(std::vector<float>(12, -1));
    call.inputs[0].data = x.data(offset), call.inputs[1].data = factor.data();
    call.inputs[2].data = sizes.data();
    call.outputs[0].data = y.data(), call.outputs[2].data = table.data();
    girih_tensor outputs[3];
    ASSERT_EQ(girih_infer(context.get(), call.inputs, outputs, nullptr), GIRIH_OK);
    EXPECT_EQ(outputs[2].dims[0], 2);
    for (int i = 0; i < 3; ++i) {
      call.run(context.get());
      call.y = y.read(), call.table = table.read();
      EXPECT_TRUE(call.isRight()) << offset;
    }
  }
}

TEST_F(Cuda, StreamOfTheCaller) {
  Buffer keeps({0}); // the primary context
  CUcontext primary, own;
  CUstream stream, foreign;
  ASSERT_EQ(DRIVER(cuDevicePrimaryCtxRetain)(&primary, 0), CUDA_SUCCESS);
  DRIVER(cuCtxPushCurrent)(primary);
  ASSERT_EQ(DRIVER(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  DRIVER(cuCtxPopCurrent)(nullptr);
  girih_options options = {};
  options.stream = stream;
  {
    Model model = openModel();
    Context context = create(model.get(), options);
    Call call(5, 2);
    call.run(context.get());
    EXPECT_TRUE(call.isRight());
  }
  options.stream = reinterpret_cast<void *>(1); // the default stream
  {
    Model model = openModel();
    Context context = create(model.get(), options);
    Call call(5, 2);
    call.run(context.get());
    EXPECT_TRUE(call.isRight());
  }
  ASSERT_EQ(DRIVER(cuCtxCreate)(&own, nullptr, 0, 0), CUDA_SUCCESS);
  ASSERT_EQ(DRIVER(cuStreamCreate)(&foreign, 0), CUDA_SUCCESS);
  options.stream = foreign;
  EXPECT_EQ(
      createError(girih_artifact_table, GIRIH_INVALID_ARGUMENT, options),
      "options: 'stream' is of a context of its own; models use the primary context of NVIDIA H100 80GB "
      "HBM3 (simulated)");
  DRIVER(cuCtxDestroy)(own);
  options.stream = &options;
  EXPECT_EQ(createError(girih_artifact_table, GIRIH_INVALID_ARGUMENT, options),
            "options: 'stream' is no stream of CUDA's");
  DRIVER(cuDevicePrimaryCtxRelease)(0);
}

TEST_F(Cuda, Profile) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  girih_launch_info info;
  for (int i = 0; i < 3; ++i) {
    Call call(10, 2);
    call.run(context.get());
  }
  ASSERT_EQ(girih_set_profiling(context.get(), 1, nullptr), GIRIH_OK);
  for (int i = 0; i < 2; ++i) {
    Call call(10, 2);
    call.run(context.get());
    EXPECT_TRUE(call.isRight());
  }
  ASSERT_EQ(girih_get_launch(context.get(), 1, &info, nullptr), GIRIH_OK);
  EXPECT_STREQ(info.name, "Mul_1+Abs_2");
  EXPECT_EQ(info.tasks, 10);
  EXPECT_EQ(info.runs, 2u);
  EXPECT_GT(info.nanoseconds, 0u);
}

TEST_F(Cuda, IndicesOutside) {
  girih_artifact artifact = girih_artifact_table;
  girih_abi_index_check check = {{GIRIH_BASE_INPUT, 2, {-1, 0}}, {-1, 3}, "Gather_4"};
  artifact.index_checks = &check, artifact.index_check_count = 1;
  Model model = openModel(artifact);
  Context context = create(model.get(), 1);
  Call(3, 2).run(context.get());
  EXPECT_EQ(Call(3, 4).run(context.get(), GIRIH_INVALID_ARGUMENT),
            "inputs: 'Gather_4' has an index of 4 or -5, which is outside of a dimension of size 3");
}

TEST_F(Cuda, NoDriver) {
  setenv("GIRIH_CUDA_DRIVER", "/no/libcuda.so", 1);
  EXPECT_EQ(
      createError(girih_artifact_table, GIRIH_NOT_FOUND),
      "the model was compiled for a GPU, and the CUDA driver that GIRIH_CUDA_DRIVER names can't be loaded: "
      "/no/libcuda.so: cannot open shared object file: No such file or directory");
}

TEST_F(Cuda, WrongDrivers) {
  setenv("GIRIH_CUDA_DRIVER", GIRIH_CPU_MODEL, 1);
  EXPECT_EQ(createError(girih_artifact_table, GIRIH_INCOMPATIBLE),
            "'" GIRIH_CPU_MODEL "' is no CUDA driver: it does not tell its version");
  setenv("GIRIH_CUDA_DRIVER", GIRIH_OLD_DRIVER, 1);
  EXPECT_EQ(createError(girih_artifact_table, GIRIH_INCOMPATIBLE),
            "the CUDA driver '" GIRIH_OLD_DRIVER
            "' is for CUDA 11.4, and models need one for 12.0 or newer: update it");
  setenv("GIRIH_CUDA_DRIVER", GIRIH_EMPTY_DRIVER, 1);
  EXPECT_EQ(
      createError(girih_artifact_table, GIRIH_SYSTEM_ERROR),
      "the model was compiled for a GPU, and the CUDA driver finds none: look whether nvidia-smi lists one "
      "and CUDA_VISIBLE_DEVICES leaves it");
}

// The newest code that the GPU can run is taken, and no other is looked at.
TEST_F(Cuda, CodeForGpus) {
  const char *good = girih_artifact_table.device_modules[0].ptx;
  std::vector<girih_abi_device_module> modules = {{"wrong", 75}, {good, 90}, {"wrong", 80}, {"wrong", 120}};
  girih_artifact artifact = withCode(modules);
  Model model = openModel(artifact);
  Context context = create(model.get(), 1);
  Call call(5, 2);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
  modules = {{good, 100}, {good, 120}};
  EXPECT_EQ(
      createError(withCode(modules), GIRIH_INCOMPATIBLE),
      "model 'by_hand' has code for sm_100, sm_120 and newer GPUs, and NVIDIA H100 80GB HBM3 (simulated) is "
      "sm_90: compile it with --sm=90 or lower");
  modules = {{".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry add_one( {\n", 75}};
  EXPECT_EQ(
      createError(withCode(modules), GIRIH_INCOMPATIBLE),
      "the driver, of CUDA 13.0, refuses the code for sm_75 of model 'by_hand' on NVIDIA H100 80GB HBM3 "
      "(simulated): CUDA_ERROR_INVALID_PTX (a PTX JIT compilation failed): error: module.ptx:4:26: expected "
      "'.param' or '.reg', found '{'");
}

TEST_F(Cuda, KernelsThatFail) {
  std::string text = girih_artifact_table.device_modules[0].ptx;
  std::string trapping = text, missing = text;
  trapping.replace(trapping.find("st.global.f32 [%d6]"), 19, "trap;st.global.f32 [%d6]");
  missing.replace(missing.find("fill_row"), 8, "fill_own");
  std::vector<girih_abi_device_module> modules = {{trapping.c_str(), 75}};
  girih_artifact artifact = withCode(modules);
  {
    Model model = openModel(artifact);
    Context context = create(model.get(), 1);
    EXPECT_EQ(Call(5, 2).run(context.get(), GIRIH_SYSTEM_ERROR),
              "'Mul_1+Abs_2' (kernel scale, grid 5, block 32) on NVIDIA H100 80GB HBM3 (simulated) failed: "
              "CUDA_ERROR_LAUNCH_FAILED (unspecified launch failure)");
  }
  modules[0].ptx = missing.c_str();
  {
    Model model = openModel(artifact);
    Context context = create(model.get(), 1);
    Call(5, 2).run(context.get());
    EXPECT_EQ(
        Call(5, 1).run(context.get(), GIRIH_SYSTEM_ERROR),
        "finding the kernel fill_row of 'Range_3' failed: CUDA_ERROR_NOT_FOUND (named symbol not found)");
  }
}

// A row goes through the last bytes of what a block has of dynamic shared memory, beside 1024 bytes that the
// code declares. From the second run on it is a graph.
TEST_F(Cuda, SharedMemory) {
  std::string text = girih_artifact_table.device_modules[0].ptx;
  const char *before = "st.global.f32 [%d2], %f1;";
  text.replace(text.find(before), strlen(before),
               "mov.u32 %r3, dynamic; mad.lo.u32 %r3, %r2, 4, %r3; st.shared.f32 [%r3+102272], %f1;\n"
               "  mov.u32 %r1, own; mad.lo.u32 %r1, %r2, 4, %r1; st.shared.f32 [%r1], %f1;\n"
               "  ld.shared.f32 %f1, [%r3+102272]; st.global.f32 [%d2], %f1;");
  text.insert(text.find(".visible"),
              ".extern .shared .align 16 .b8 dynamic[];\n.shared .align 16 .b8 own[1024];\n");
  std::vector<girih_abi_device_module> modules = {{text.c_str(), 75}};
  girih_artifact artifact = withCode(modules);
  std::vector<girih_abi_launch> launches(artifact.launches, artifact.launches + 3);
  artifact.launches = launches.data();
  launches[0].function.block.shared_bytes = 102400;
  {
    Model model = openModel(artifact);
    Context context = create(model.get(), 1);
    for (int i = 0; i < 4; ++i) {
      Call call(5, 2);
      call.run(context.get());
      EXPECT_TRUE(call.isRight());
    }
  }
  // It has to be what the launch says: the same without is a fault.
  launches[0].function.block.shared_bytes = 0;
  {
    Model model = openModel(artifact);
    EXPECT_EQ(Call(5, 2).run(create(model.get(), 1).get(), GIRIH_SYSTEM_ERROR),
              "'Add_0' (kernel add_one, grid 5, block 32) on NVIDIA H100 80GB HBM3 (simulated) failed: "
              "CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)");
  }
  launches[0].function.block.shared_bytes = 232448;
  {
    Model model = openModel(artifact);
    Context context = create(model.get(), 1);
    EXPECT_EQ(
        Call(5, 2).run(context.get(), GIRIH_INCOMPATIBLE),
        "'Add_0' (kernel add_one) needs 233472 bytes of shared memory a block, and NVIDIA H100 80GB HBM3 "
        "(simulated) has 232448");
  }
}

TEST_F(Cuda, TooLarge) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  Call call(1, 2);
  auto run = [&](int64_t n, girih_status expected) {
    call.inputs[0].dims[0] = call.outputs[0].dims[0] = call.outputs[1].dims[0] = call.outputs[2].dims[1] = n;
    return call.run(context.get(), expected);
  };
  std::string text = run(1500000000, GIRIH_OUT_OF_MEMORY);
  EXPECT_EQ(text.substr(0, text.find(", and ")), "out of memory on NVIDIA H100 80GB HBM3 (simulated): model "
                                                 "'by_hand' needs 204000000512 bytes for these input shapes");
  EXPECT_NE(text.find(" are left"), std::string::npos) << text;
  run(1, GIRIH_OK);
  EXPECT_TRUE(call.isRight()) << "a context works after errors";

  girih_artifact artifact = girih_artifact_table;
  std::vector<girih_abi_launch> launches(artifact.launches, artifact.launches + 3);
  launches[0].function.tasks = {-1, INT64_C(1) << 31};
  artifact.launches = launches.data();
  Model wide = openModel(artifact);
  EXPECT_EQ(
      call.run(create(wide.get(), 1).get(), GIRIH_INVALID_ARGUMENT),
      "'Add_0' would have 2147483648 blocks, and a grid has at most 2147483647: the inputs are too large");
  launches[0].function.tasks = {-1, 1}, launches[0].function.block.threads = 2048;
  EXPECT_EQ(call.run(create(wide.get(), 1).get(), GIRIH_SYSTEM_ERROR),
            "'Add_0' (kernel add_one, grid 1, block 2048) on NVIDIA H100 80GB HBM3 (simulated) failed: "
            "CUDA_ERROR_INVALID_VALUE (invalid argument)");
  artifact = girih_artifact_table;
  artifact.weights_bytes = INT64_C(1) << 40;
  text = createError(artifact, GIRIH_OUT_OF_MEMORY);
  EXPECT_NE(text.find("model 'by_hand' needs 1099511627776 bytes for its weights, and "), std::string::npos)
      << text;
}

// In a forked child the GPU can't be used, and everything can be given back.
TEST_F(Cuda, Fork) {
  Model model = openModel();
  Context context = create(model.get(), 1);
  Call(5, 2).run(context.get());
  pid_t child = fork();
  if (!child) {
    girih_context *own = nullptr;
    girih_error error = {};
    bool ok = girih_create(model.get(), nullptr, &own, &error) == GIRIH_SYSTEM_ERROR &&
              strstr(error.message, "was in use on a GPU when this process was forked");
    context.reset();
    model.reset();
    _exit(ok ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  Call call(5, 2);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
}

// A library for CPUs has no part for GPUs. One for GPUs has, and so has libgirih.
TEST_F(Cuda, Libraries) {
  girih_model *loaded = nullptr;
  girih_error error = {};
  ASSERT_EQ(girih_load(GIRIH_TEST_MODEL, &loaded, &error), GIRIH_OK) << error.message;
  Model model(loaded);
  Context context = create(model.get(), 1);
  Call call(5, 2);
  call.run(context.get());
  EXPECT_TRUE(call.isRight());
}

} // namespace
