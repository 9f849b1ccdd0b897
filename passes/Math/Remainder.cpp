// The remainder of a division, as C's fmod has it: exact, for targets that have no libm.
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Math/Functions.h"

#include <limits>

using namespace mlir;

namespace girih::approx {

// What is left of |x| is reduced by whole multiples of |y|, the nearest to it. Such a difference is a float:
// what a rounded quotient leaves always is. So each step is exact, with one rounding of a product and a sum,
// and takes as many bits away as floats have. A quotient that would overflow is by |y| times a power of two.
Lanes remainder(Lanes x, Lanes y) {
  Emitter &e = *x.emitter;
  double step = getElementTypeOrSelf(x.value.getType()).isF64() ? 0x1p1000 : 0x1p100;
  Lanes divisor = abs(y);
  auto loop = scf::WhileOp::create(
      e.builder, e.loc, x.value.getType(), abs(x).value,
      [&](OpBuilder &builder, Location loc, ValueRange state) {
        Emitter inner(builder, loc, e.shape, e.useFma);
        Lanes size = abs(inner.wrap(state[0])), least = inner.wrap(divisor.value);
        Lanes isMore = (size > least) | (size == least);
        scf::ConditionOp::create(builder, loc, any(isMore), state);
      },
      [&](OpBuilder &builder, Location loc, ValueRange state) {
        Emitter inner(builder, loc, e.shape, e.useFma);
        Lanes left = inner.wrap(state[0]), size = abs(left), multiple = inner.wrap(divisor.value);
        Lanes isMore = (size > multiple) | (size == multiple);
        for (int i = 0; i < 2; ++i) {
          Lanes larger = multiple * step;
          multiple = select(size < larger, multiple, larger);
        }
        left = select(isMore, fma(-trunc(left / multiple), multiple, left), left);
        scf::YieldOp::create(builder, loc, left.value);
      });
  Lanes left = e.wrap(loop.getResult(0));
  left = abs(select(left < 0, left + divisor, left));
  return select(y == y, flipSign(left, signBit(x)), y);
}

} // namespace girih::approx
