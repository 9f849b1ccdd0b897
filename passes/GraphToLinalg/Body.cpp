#include "passes/GraphToLinalg/Body.h"
#include "dialects/Graph/Graph.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace girih;

static bool isFloat(Value v) {
  return isa<FloatType>(v.getType());
}

Value Body::real(Type type, double value) {
  if (isa<FloatType>(type)) return arith::ConstantOp::create(*this, getFloatAttr(type, value));
  return integer(type, std::llround(value));
}

Value Body::integer(Type type, int64_t value) {
  if (isa<FloatType>(type)) return arith::ConstantOp::create(*this, getFloatAttr(type, double(value)));
  return arith::ConstantOp::create(*this, getIntegerAttr(type, value));
}

Value Body::add(Value a, Value b) {
  return isFloat(a) ? createOrFold<arith::AddFOp>(a, b) : createOrFold<arith::AddIOp>(a, b);
}

Value Body::sub(Value a, Value b) {
  return isFloat(a) ? createOrFold<arith::SubFOp>(a, b) : createOrFold<arith::SubIOp>(a, b);
}

Value Body::mul(Value a, Value b) {
  return isFloat(a) ? createOrFold<arith::MulFOp>(a, b) : createOrFold<arith::MulIOp>(a, b);
}

Value Body::neg(Value a) {
  return isFloat(a) ? createOrFold<arith::NegFOp>(a) : sub(integer(a, 0), a);
}

Value Body::abs(Value a) {
  if (isFloat(a)) return createOrFold<math::AbsFOp>(a);
  return max(a, neg(a));
}

Value Body::max(Value a, Value b, bool isUnsigned) {
  if (isFloat(a)) return createOrFold<arith::MaximumFOp>(a, b);
  return isUnsigned ? createOrFold<arith::MaxUIOp>(a, b) : createOrFold<arith::MaxSIOp>(a, b);
}

Value Body::min(Value a, Value b, bool isUnsigned) {
  if (isFloat(a)) return createOrFold<arith::MinimumFOp>(a, b);
  return isUnsigned ? createOrFold<arith::MinUIOp>(a, b) : createOrFold<arith::MinSIOp>(a, b);
}

Value Body::compare(Comparison c, Value a, Value b, bool isUnsigned) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  static constexpr F floats[] = {F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE};
  static constexpr I signedInts[] = {I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge};
  static constexpr I unsignedInts[] = {I::eq, I::ne, I::ult, I::ule, I::ugt, I::uge};
  if (isFloat(a)) return createOrFold<arith::CmpFOp>(floats[c], a, b);
  return createOrFold<arith::CmpIOp>(isUnsigned ? unsignedInts[c] : signedInts[c], a, b);
}

Value Body::logicalNot(Value a) {
  return createOrFold<arith::XOrIOp>(a, integer(a, 1));
}

Value Body::isNaN(Value a) {
  return createOrFold<arith::CmpFOp>(arith::CmpFPredicate::UNO, a, a);
}

Value Body::divTrunc(Value a, Value b, bool isUnsigned) {
  Value one = integer(b, 1), isZero = compare(EQ, b, integer(b, 0));
  if (isUnsigned) return createOrFold<arith::DivUIOp>(a, select(isZero, one, b));
  Value isMinusOne = compare(EQ, b, integer(b, -1));
  Value quotient = createOrFold<arith::DivSIOp>(a, select(logicalOr(isZero, isMinusOne), one, b));
  return select(isMinusOne, neg(a), quotient);
}

Value Body::remTrunc(Value a, Value b, bool isUnsigned) {
  if (isFloat(a)) return createOrFold<arith::RemFOp>(a, b);
  Value one = integer(b, 1), isZero = compare(EQ, b, integer(b, 0));
  if (isUnsigned) return createOrFold<arith::RemUIOp>(a, select(isZero, one, b));
  Value isUnit = logicalOr(isZero, compare(EQ, b, integer(b, -1)));
  return createOrFold<arith::RemSIOp>(a, select(isUnit, one, b));
}

Value Body::remFloor(Value a, Value b, bool isUnsigned) {
  Value r = remTrunc(a, b, isUnsigned);
  if (isUnsigned) return r;
  Value zero = integer(a, 0);
  Value signsDiffer = createOrFold<arith::XOrIOp>(compare(LT, r, zero), compare(LT, b, zero));
  return select(logicalAnd(compare(NE, r, zero), signsDiffer), add(r, b), r);
}

//===-- Indices -----------------------------------------------------------===//

Value Body::index(unsigned loop) {
  return linalg::IndexOp::create(*this, loop);
}

Value Body::size(DimExpr expr) {
  expr = dimSimplify(expr);
  if (auto v = dimValue(expr)) return integer(getIndexType(), *v);
  return DimOp::create(*this, DimsAttr::get(getContext(), {expr}));
}

Value Body::apply(AffineExpr expr) {
  // Only the loops that the expression uses become linalg.index.
  SmallVector<Value> loops;
  expr.walk([&](AffineExpr e) {
    if (auto d = dyn_cast<AffineDimExpr>(e))
      while (loops.size() <= d.getPosition())
        loops.push_back(Value());
  });
  for (auto [i, v] : llvm::enumerate(loops))
    if (expr.isFunctionOfDim(i)) v = index(i);
  return apply(expr, loops);
}

Value Body::apply(AffineExpr expr, ArrayRef<Value> dims) {
  if (auto d = dyn_cast<AffineDimExpr>(expr)) return dims[d.getPosition()];
  return affine::expandAffineExpr(*this, getLoc(), expr, dims, {});
}

Value Body::clampIndex(Value i, Value n) {
  return max(min(i, sub(n, integer(n, 1))), integer(i, 0));
}

Value Body::inBounds(Value i, Value n) {
  // One unsigned comparison: a negative index is a huge one.
  return compare(LT, i, n, /*isUnsigned=*/true);
}

Value Body::fromIndex(Value v, Type type) {
  auto integerType = dyn_cast<IntegerType>(type);
  // i32 holds any index of a tensor that exists in f32; conversion from i64 is slow where it is not native.
  Value i = createOrFold<arith::IndexCastOp>(integerType    ? type
                                             : type.isF64() ? getI64Type()
                                                            : getI32Type(),
                                             v);
  return integerType ? i : createOrFold<arith::SIToFPOp>(type, i);
}

Value Body::toIndex(Value v, bool isUnsigned) {
  if (isFloat(v)) v = floatToInt(v, getI64Type());
  return isUnsigned ? createOrFold<arith::IndexCastUIOp>(getIndexType(), v)
                    : createOrFold<arith::IndexCastOp>(getIndexType(), v);
}

//===-- Conversions -------------------------------------------------------===//

Type Body::computeType(Type storage) {
  auto type = dyn_cast<FloatType>(storage);
  return type && type.getWidth() < 32 ? Type(Float32Type::get(storage.getContext())) : storage;
}

Value Body::load(Value v) {
  Type type = computeType(v.getType());
  return type == v.getType() ? v : createOrFold<arith::ExtFOp>(type, v);
}

Value Body::store(Value v, Type storage) {
  return v.getType() == storage ? v : createOrFold<arith::TruncFOp>(storage, v);
}

Value Body::floatToInt(Value v, IntegerType to) {
  // Out of range, arith.fptosi is poison; clamping first keeps it defined. 2^(w-1) is a float, 2^(w-1) - 1
  // may not be.
  unsigned width = to.getWidth();
  double limit = std::ldexp(1.0, int(width) - 1);
  bool isF32 = v.getType().isF32();
  double largest = width >= 53 || isF32 ? limit - std::ldexp(1.0, int(width) - (isF32 ? 25 : 54)) : limit - 1;
  Value low = real(v, -limit);
  Value clamped = select(compare(GE, v, low), v, low);
  clamped = select(compare(LT, clamped, real(v, limit)), clamped, real(v, largest));
  Value i = createOrFold<arith::FPToSIOp>(to, clamped);
  if (largest == limit - 1) return i;
  Value maximum = arith::ConstantOp::create(*this, getIntegerAttr(to, APInt::getSignedMaxValue(width)));
  return select(compare(GE, v, real(v, limit)), maximum, i);
}

Value Body::convert(Value v, Type from, Type to) {
  if (from == to) return v;
  Type storage = getStorageType(to), compute = computeType(storage);
  bool isFromUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  if (to.isInteger(1)) return fromBool(compare(NE, v, integer(v, 0)));
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    unsigned have = v.getType().getIntOrFloatBitWidth(), want = compute.getIntOrFloatBitWidth();
    if (have == want) return v;
    return have < want ? createOrFold<arith::ExtFOp>(compute, v) : createOrFold<arith::TruncFOp>(compute, v);
  }
  if (isa<FloatType>(to))
    return isFromUnsigned ? createOrFold<arith::UIToFPOp>(compute, v)
                          : createOrFold<arith::SIToFPOp>(compute, v);

  unsigned width = storage.getIntOrFloatBitWidth();
  if (isa<FloatType>(from)) {
    // Through a wider signed integer and then wrapping, which is what x86 and NumPy do for values out of
    // range.
    if (to.isUnsignedInteger(64)) {
      Value half = real(v, 0x1p63), isBig = compare(GE, v, half);
      Value small = floatToInt(select(isBig, sub(v, half), v), getI64Type());
      Value top =
          arith::ConstantOp::create(*this, getIntegerAttr(getI64Type(), APInt::getSignedMinValue(64)));
      return createOrFold<arith::AddIOp>(small, select(isBig, top, integer(small, 0)));
    }
    IntegerType wide = width < 32 || (width == 32 && !to.isUnsignedInteger()) ? getI32Type() : getI64Type();
    v = floatToInt(v, wide);
    return wide == storage ? v : createOrFold<arith::TruncIOp>(storage, v);
  }
  unsigned have = v.getType().getIntOrFloatBitWidth();
  if (have == width) return v;
  if (have > width) return createOrFold<arith::TruncIOp>(storage, v);
  return isFromUnsigned ? createOrFold<arith::ExtUIOp>(storage, v) : createOrFold<arith::ExtSIOp>(storage, v);
}
