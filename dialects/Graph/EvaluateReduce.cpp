// Constant evaluation of reductions, running sums and matrix products.
#include "dialects/Graph/EvaluateRules.h"
#include <cmath>

using namespace mlir;

namespace girih {

//===-- Reductions --------------------------------------------------------===//

/// Strides of the accumulators as the operand's positions see them: 0 along reduced axes.
static SmallVector<int64_t> accumulatorStrides(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> strides(shape.size(), 0);
  int64_t stride = 1;
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
    if (llvm::is_contained(axes, d)) continue;
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

static double firstValue(ReduceFn fn) {
  switch (fn) {
  case ReduceFn::prod:
    return 1;
  case ReduceFn::max:
    return -std::numeric_limits<double>::infinity();
  case ReduceFn::min:
    return std::numeric_limits<double>::infinity();
  default:
    return 0;
  }
}

static double step(ReduceFn fn, double accumulator, double x) {
  switch (fn) {
  case ReduceFn::prod:
    return accumulator * x;
  case ReduceFn::max:
    return *applyFloat(BinaryFn::max, accumulator, x);
  case ReduceFn::min:
    return *applyFloat(BinaryFn::min, accumulator, x);
  case ReduceFn::l1:
    return accumulator + std::abs(x);
  case ReduceFn::l2:
  case ReduceFn::sum_square:
    return accumulator + x * x;
  case ReduceFn::sum:
  case ReduceFn::mean:
  case ReduceFn::log_sum:
  case ReduceFn::log_sum_exp:
    return accumulator + x;
  }
  llvm_unreachable("all functions are handled");
}

static double last(ReduceFn fn, double accumulator, double count) {
  switch (fn) {
  case ReduceFn::mean:
    return accumulator / count;
  case ReduceFn::l2:
    return std::sqrt(accumulator);
  case ReduceFn::log_sum:
  case ReduceFn::log_sum_exp:
    return std::log(accumulator);
  default:
    return accumulator;
  }
}

/// Reductions whose accumulators are double.
static void reduceFloat(ReduceOp op, const HostTensor &x, HostTensor &result) {
  ReduceFn fn = op.getFn();
  SmallVector<int64_t> strides = accumulatorStrides(x.getShape(), op.getAxes());
  int64_t outputs = result.getNumElements();
  std::vector<double> values(outputs, firstValue(fn));
  auto each = [&](auto visit) {
    walkOffsets<2>(x.getShape(), {x.getStrides(), strides},
                   [&](std::array<int64_t, 2> at) { visit(x.getFloat(at[0]), at[1]); });
  };
  if (fn == ReduceFn::log_sum_exp) {
    // Relative to the largest element, so that no exponential overflows.
    std::vector<double> largest(outputs, firstValue(ReduceFn::max));
    each([&](double v, int64_t to) { largest[to] = step(ReduceFn::max, largest[to], v); });
    for (double &m : largest)
      if (!std::isfinite(m)) m = 0;
    each([&](double v, int64_t to) { values[to] += std::exp(v - largest[to]); });
    for (int64_t i = 0; i < outputs; ++i)
      result.set(i, std::log(values[i]) + largest[i]);
    return;
  }
  each([&](double v, int64_t to) { values[to] = step(fn, values[to], v); });
  double count = outputs ? double(x.getNumElements()) / outputs : 0;
  for (int64_t i = 0; i < outputs; ++i)
    result.set(i, last(fn, values[i], count));
}

/// Sums, products and extremes of integers, exact (modulo 2^width).
static void reduceInt(ReduceOp op, const HostTensor &x, HostTensor &result) {
  const ElementAccess &type = x.access();
  BinaryFn fn = BinaryFn::add;
  int64_t start = 0;
  // The extremes of the type, extended as loadInt does it.
  int64_t least = type.isUnsigned ? 0 : -1ull << (type.width - 1);
  int64_t greatest = type.isUnsigned ? ~0ull >> (64 - type.width) : ~least;
  switch (op.getFn()) {
  case ReduceFn::prod:
    fn = BinaryFn::mul, start = 1;
    break;
  case ReduceFn::max:
    fn = BinaryFn::max, start = least;
    break;
  case ReduceFn::min:
    fn = BinaryFn::min, start = greatest;
    break;
  default:
    break;
  }
  std::vector<int64_t> values(result.getNumElements(), start);
  SmallVector<int64_t> strides = accumulatorStrides(x.getShape(), op.getAxes());
  walkOffsets<2>(x.getShape(), {x.getStrides(), strides}, [&](std::array<int64_t, 2> at) {
    int64_t v = x.getInt(at[0]);
    if (op.getFn() == ReduceFn::l1 && !type.isUnsigned && v < 0) v = -uint64_t(v);
    if (op.getFn() == ReduceFn::sum_square) v = uint64_t(v) * uint64_t(v);
    values[at[1]] = *applyInt(fn, values[at[1]], v, type);
  });
  for (auto [i, v] : llvm::enumerate(values))
    result.set(int64_t(i), v);
}

HostResult evaluate(ReduceOp op, HostOperands in) {
  const HostTensor &x = in[0];
  HostTensor result = HostTensor::allocate(x.getElementType(), resultType(op).getShape());
  bool exact = true;
  switch (op.getFn()) {
  case ReduceFn::mean:
  case ReduceFn::l2:
  case ReduceFn::log_sum:
  case ReduceFn::log_sum_exp:
    exact = false;
    break;
  default:
    break;
  }
  if (!x.access().isFloat && exact) {
    reduceInt(op, x, result);
    return result;
  }
  // What an integer mean over nothing is, no one says.
  if (!x.access().isFloat && x.getNumElements() == 0) return failure();
  reduceFloat(op, x, result);
  return result;
}

HostResult evaluate(ArgReduceOp op, HostOperands in) {
  const HostTensor &x = in[0];
  int64_t axis = op.getAxis(), size = x.getShape()[axis];
  HostTensor result = HostTensor::allocate(resultType(op).getElementType(), resultType(op).getShape());
  if (size == 0) return failure();
  BinaryFn better = op.getMinimum() ? BinaryFn::less : BinaryFn::greater;
  auto precedes = [&](int64_t a,
                      int64_t b) { // whether the element at a beats the one at b; NaN beats all numbers
    if (!x.access().isFloat) return *applyInt(better, x.getInt(a), x.getInt(b), x.access()) != 0;
    double va = x.getFloat(a), vb = x.getFloat(b);
    return std::isnan(va) ? !std::isnan(vb) : *applyFloat(better, va, vb) != 0;
  };
  SmallVector<int64_t> outer(x.getShape()), strides = accumulatorStrides(x.getShape(), {axis});
  outer[axis] = 1;
  int64_t stride = x.getStrides()[axis];
  walkOffsets<2>(outer, {x.getStrides(), strides}, [&](std::array<int64_t, 2> at) {
    int64_t best = 0;
    for (int64_t i = 1; i < size; ++i) {
      int64_t candidate = at[0] + i * stride, current = at[0] + best * stride;
      if (precedes(candidate, current) || (op.getSelectLastIndex() && !precedes(current, candidate)))
        best = i;
    }
    result.set(at[1], best);
  });
  return result;
}

HostResult evaluate(CumSumOp op, HostOperands in) {
  const HostTensor &x = in[0];
  int64_t axis = op.getAxis(), size = x.getShape()[axis];
  HostTensor result = HostTensor::allocate(x.getElementType(), x.getShape());
  SmallVector<int64_t> outer(x.getShape());
  if (size == 0) return result;
  outer[axis] = 1;
  int64_t from = x.getStrides()[axis], to = result.getStrides()[axis];
  auto join = [&](auto a, auto b) { return op.getProduct() ? a * b : a + b; };
  walkOffsets<2>(outer, {x.getStrides(), result.getStrides()}, [&](std::array<int64_t, 2> at) {
    double sum = op.getProduct();
    uint64_t intSum = op.getProduct();
    for (int64_t n = 0; n < size; ++n) {
      int64_t i = op.getReverse() ? size - 1 - n : n, source = at[0] + i * from, target = at[1] + i * to;
      if (x.access().isFloat) {
        double before = sum;
        sum = join(sum, x.getFloat(source));
        result.set(target, op.getExclusive() ? before : sum);
      } else {
        uint64_t before = intSum;
        intSum = join(intSum, uint64_t(x.getInt(source)));
        result.set(target, int64_t(op.getExclusive() ? before : intSum));
      }
    }
  });
  return result;
}

//===-- Matrix products ---------------------------------------------------===//

/// Larger products belong to the compiled kernels: this one is a plain triple loop.
static constexpr int64_t productLimit = 1 << 24;

HostResult evaluate(MatMulOp op, HostOperands in) {
  // Both operands as [batch..., M, K] and [batch..., K, N] views; 1-D ones get a row or a column of size 1.
  auto matrix = [](const HostTensor &t, bool transpose, bool isLeft) {
    SmallVector<int64_t> shape(t.getShape()), strides(t.getStrides());
    if (shape.size() == 1) {
      shape.insert(isLeft ? shape.begin() : shape.end(), 1);
      strides.insert(isLeft ? strides.begin() : strides.end(), 0);
    }
    if (transpose) {
      std::swap(shape.end()[-1], shape.end()[-2]);
      std::swap(strides.end()[-1], strides.end()[-2]);
    }
    return t.view(shape, strides);
  };
  HostTensor a = matrix(in[0], op.getTransposeLhs(), true), b = matrix(in[1], op.getTransposeRhs(), false);
  RankedTensorType type = resultType(op);
  HostTensor result = HostTensor::allocate(type.getElementType(), type.getShape());
  int64_t m = a.getShape().end()[-2], k = a.getShape().back(), n = b.getShape().back();
  int64_t work;
  if (llvm::MulOverflow(std::max<int64_t>(result.getNumElements(), 1), k, work) || work > productLimit)
    return failure();

  SmallVector<int64_t> batch(type.getShape().drop_back((in[0].getRank() > 1) + (in[1].getRank() > 1)));
  // The result as [batch..., M, N], in which a dimension that 1-D operands lack has size 1.
  SmallVector<int64_t> full(batch);
  full.append({m, n});
  HostTensor out = result.view(full, rowMajorStrides(full));
  auto spread = [&](const HostTensor &t, int64_t rows, int64_t columns) {
    SmallVector<int64_t> to(batch);
    to.append({rows, columns});
    return t.broadcast(to);
  };
  HostTensor wa = spread(a, m, k), wb = spread(b, k, n);
  HostTensor bias = in.size() > 2 ? in[2].broadcast(type.getShape()) : result;
  bias = bias.toRowMajor(); // the same positions as the result
  int64_t sa = k == 1 ? 0 : a.getStrides().back(), sb = k == 1 ? 0 : b.getStrides().end()[-2];
  // Over [batch..., M, N]: lhs has no N, rhs has no M.
  SmallVector<int64_t> strideA(wa.getStrides()), strideB(wb.getStrides());
  strideA.back() = 0;
  strideB.end()[-2] = 0;
  bool isFloat = result.access().isFloat;
  walkOffsets<3>(full, {strideA, strideB, out.getStrides()}, [&](std::array<int64_t, 3> at) {
    double sum = 0;
    uint64_t intSum = 0;
    for (int64_t i = 0; i < k; ++i) {
      if (isFloat)
        sum += wa.getFloat(at[0] + i * sa) * wb.getFloat(at[1] + i * sb);
      else
        intSum += uint64_t(wa.getInt(at[0] + i * sa)) * uint64_t(wb.getInt(at[1] + i * sb));
    }
    if (in.size() > 2) sum += isFloat ? bias.getFloat(at[2]) : 0, intSum += isFloat ? 0 : bias.getInt(at[2]);
    if (isFloat)
      out.set(at[2], sum);
    else
      out.set(at[2], int64_t(intSum));
  });
  return result;
}

} // namespace girih
