// The compiled model of test/Runtime/by_hand.c in C++: its tables, and calls with inputs and outputs.
#pragma once

#include "runtime/abi.h"
#include "gtest/gtest.h"
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

extern "C" const girih_artifact girih_artifact_table;

namespace girih::test {

struct Close {
  void operator()(girih_model *m) const { girih_close(m); }
  void operator()(girih_context *c) const { girih_destroy(c); }
};
using Model = std::unique_ptr<girih_model, Close>;
using Context = std::unique_ptr<girih_context, Close>;

inline Model openModel(const girih_artifact &artifact = girih_artifact_table) {
  girih_model *model = nullptr;
  girih_error error;
  EXPECT_EQ(girih_open(&artifact, nullptr, &model, &error), GIRIH_OK) << error.message;
  return Model(model);
}

inline Context create(girih_model *model, girih_options options) {
  girih_context *context = nullptr;
  girih_error error;
  EXPECT_EQ(girih_create(model, &options, &context, &error), GIRIH_OK) << error.message;
  return Context(context);
}

inline Context create(girih_model *model, uint32_t threads) {
  girih_options options = {};
  options.threads = threads;
  return create(model, options);
}

/// Calls body(0) to body(count - 1), each on a thread of its own, and waits for all.
template <typename Body> void onThreads(int count, Body body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t)
    threads.emplace_back(body, t);
  for (std::thread &t : threads)
    t.join();
}

inline girih_tensor tensor(uint32_t dtype, std::vector<int64_t> dims, const void *data) {
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

} // namespace girih::test
