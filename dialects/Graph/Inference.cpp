#include "dialects/Graph/Inference.h"
#include "dialects/Graph/InferenceRules.h"
#include "llvm/ADT/SetOperations.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

static thread_local DimChecks *collector = nullptr;

DimChecks::DimChecks() : outer(collector) {
  collector = this;
}
DimChecks::~DimChecks() {
  collector = outer;
}

void DimChecks::add(CheckKind kind, DimExpr first, DimExpr second) {
  bool isKnown = llvm::any_of(checks, [&](const DimCheck &c) {
    return c.kind == kind && ((c.first == first && c.second == second) ||
                              (isSymmetric(kind) && c.first == second && c.second == first));
  });
  if (!isKnown) checks.push_back({kind, first, second});
}

static void take(CheckKind kind, DimExpr first, DimExpr second) {
  if (collector) collector->add(kind, first, second);
}

SmallVector<DimCheck> getDimChecks(Operation *op) {
  // Inference and verifiers are the rules: they run once more, only to be watched.
  DimChecks watched;
  if (failed(op->getName().verifyInvariants(op)) || failed(op->getName().verifyRegionInvariants(op)))
    return {};
  return llvm::to_vector(watched.get());
}

/// Whether a symbolic size can have the value: `6 * n` is never 7, and what overflows is nothing.
static bool canBe(DimExpr e, int64_t value) {
  int64_t divisor = dimHasSymbol(e) ? e.getLargestKnownDivisor() : 0;
  return divisor >= 1 && value % divisor == 0 && dimLowerBound(e).value_or(value) <= value &&
         dimUpperBound(e).value_or(value) >= value;
}

FailureOr<DimExpr> unifyDims(DimExpr a, DimExpr b) {
  if (a == b) return a;
  auto va = dimValue(a), vb = dimValue(b);
  if (va && vb) return failure();
  if (va || vb) {
    if (vb) std::swap(a, b), std::swap(va, vb);
    if (!canBe(b, *va)) return failure();
  } else if (auto difference = dimValue(dimSimplify(a - b))) {
    if (*difference != 0) return failure();
    return a;
  }
  take(CheckKind::equal, a, b);
  return a;
}

LogicalResult requireAtMost(DimExpr a, DimExpr b) {
  DimExpr room = dimSimplify(b - a);
  if (dimUpperBound(room).value_or(0) < 0) return failure();
  if (!dimNonNegative(room)) take(CheckKind::at_most, a, b);
  return success();
}

/// Two sizes that are computed from the same dimensions (halved and doubled again, say) are meant to be
/// equal, not to be 1 or the other.
static bool areMeantEqual(DimExpr a, DimExpr b) {
  if (isa<AffineSymbolExpr, AffineConstantExpr>(a) || isa<AffineSymbolExpr, AffineConstantExpr>(b))
    return false;
  llvm::SetVector<unsigned> ofA, ofB;
  dimCollectSymbols(a, ofA), dimCollectSymbols(b, ofB);
  return llvm::set_is_subset(ofA, ofB) && llvm::set_is_subset(ofB, ofA);
}

/// An exporter may name a dimension by what it computes ("past + 1"). A name is only a name; but where
/// inference comes to that very expression, they are taken to be equal, too.
static bool isNamedAs(DimExpr a, DimExpr b) {
  const DimSymbol *symbol = dimSymbol(a);
  if (!symbol || symbol->kind != DimSymbol::Dimension || isa<AffineSymbolExpr>(b)) return false;
  std::string error;
  return dimParse(a.getContext(), symbol->name, error) == b;
}

FailureOr<DimExpr> broadcastDim(DimExpr a, DimExpr b) {
  if (a == b || dimValue(b) == 1) return a;
  if (dimValue(a) == 1) return b;
  if (dimValue(b)) std::swap(a, b);
  if (auto va = dimValue(a)) {
    if (dimValue(b) || (!canBe(b, 1) && !canBe(b, *va))) return failure();
    take(CheckKind::broadcast_to, b, a);
    return a;
  }
  if (isNamedAs(a, b)) std::swap(a, b);
  if (isNamedAs(b, a) || areMeantEqual(a, b)) return unifyDims(a, b);
  take(CheckKind::broadcast, a, b);
  return dimBroadcast(a, b);
}

FailureOr<SmallVector<DimExpr>> broadcastDims(ArrayRef<DimExpr> a, ArrayRef<DimExpr> b) {
  if (a.size() < b.size()) std::swap(a, b);
  SmallVector<DimExpr> out(a);
  for (auto [o, d] : llvm::zip_equal(MutableArrayRef(out).take_back(b.size()), b)) {
    FailureOr<DimExpr> r = broadcastDim(o, d);
    if (failed(r)) return failure();
    o = *r;
  }
  return out;
}

bool isBroadcastableTo(ArrayRef<DimExpr> from, ArrayRef<DimExpr> to) {
  if (from.size() > to.size()) return false;
  return llvm::all_of(llvm::zip_equal(from, to.take_back(from.size())), [](auto pair) {
    auto [f, t] = pair;
    if (f == t || dimValue(f) == 1) return true;
    auto vf = dimValue(f), vt = dimValue(t);
    if (vf ? vt || !canBe(t, *vf) : vt && !canBe(f, 1) && !canBe(f, *vt)) return false;
    if (isNamedAs(f, t) || areMeantEqual(f, t)) return succeeded(unifyDims(f, t));
    take(CheckKind::broadcast_to, f, t);
    return true;
  });
}

DimExpr windowOutputDim(DimExpr in, DimExpr kernel, int64_t stride, int64_t dilation, int64_t padBegin,
                        int64_t padEnd, bool ceil) {
  DimExpr last = in + padBegin + padEnd - (kernel - 1) * dilation - 1;
  if (!ceil) return dimSimplify(last.floorDiv(stride) + 1);
  return dimMin(last.ceilDiv(stride) + 1, (in + padBegin).ceilDiv(stride));
}

DimExpr convTransposeOutputDim(DimExpr in, DimExpr kernel, int64_t stride, int64_t dilation, int64_t padBegin,
                               int64_t padEnd, int64_t outputPadding) {
  return dimSimplify((in - 1) * stride + (kernel - 1) * dilation + 1 + outputPadding - padBegin - padEnd);
}

DimExpr sliceOutputDim(DimExpr start, DimExpr end, int64_t step) {
  DimExpr span = step > 0 ? end - start : start - end;
  DimExpr zero = dimConstant(start.getContext(), 0);
  // Rounding up what is negative could give no more than 0, so clamping the quotient is the same as clamping
  // the span.
  return dimMax(dimSimplify(span.ceilDiv(step > 0 ? step : -step)), zero);
}

std::string dimsToString(ArrayRef<DimExpr> dims) {
  return "[" + llvm::join(llvm::map_range(dims, dimToString), ", ") + "]";
}

bool areCompatibleTypes(TypeRange inferred, TypeRange stated) {
  return inferred.size() == stated.size() && llvm::all_of(llvm::zip_equal(inferred, stated), [](auto pair) {
           auto a = dyn_cast<RankedTensorType>(std::get<0>(pair)),
                b = dyn_cast<RankedTensorType>(std::get<1>(pair));
           if (!a || !b || a.getElementType() != b.getElementType() || a.getRank() != b.getRank())
             return false;
           return llvm::all_of(llvm::zip_equal(getDims(a), getDims(b)), [](auto dims) {
             return succeeded(unifyDims(std::get<0>(dims), std::get<1>(dims)));
           });
         });
}

//===-- Checks ------------------------------------------------------------===//

LogicalResult checkSameElementType(const At &at, StringRef aName, Type a, StringRef bName, Type b) {
  if (a == b) return success();
  return at.fail(aName, " has element type ", a, " but ", bName, " has ", b);
}

LogicalResult checkAxis(const At &at, int64_t axis, int64_t rank) {
  if (axis >= 0 && axis < rank) return success();
  return at.fail("axis ", axis, " is outside [0, ", rank, ")");
}

LogicalResult checkMinRank(const At &at, StringRef name, Value v, int64_t rank) {
  if (rankOf(v) >= rank) return success();
  return at.fail(name, " needs at least ", rank, " dimensions but is ", v.getType());
}

LogicalResult checkRank(const At &at, StringRef name, Value v, int64_t rank) {
  if (rankOf(v) == rank) return success();
  return at.fail(name, " needs ", rank, " dimensions but is ", v.getType());
}

LogicalResult checkFloat(const At &at, StringRef name, Value v) {
  if (isFloat(elementType(v))) return success();
  return at.fail(name, " needs floating-point elements but is ", v.getType());
}

LogicalResult checkNumber(const At &at, StringRef name, Value v) {
  if (isNumber(elementType(v))) return success();
  return at.fail(name, " needs numbers but is ", v.getType());
}

LogicalResult checkIndices(const At &at, Value v) {
  Type t = elementType(v);
  if (t.isSignlessInteger(32) || t.isSignlessInteger(64)) return success();
  return at.fail("indices need i32 or i64 elements but are ", v.getType());
}

LogicalResult checkEqualDims(const At &at, const Twine &a, DimExpr da, const Twine &b, DimExpr db) {
  if (succeeded(unifyDims(da, db))) return success();
  return at.fail(a, " is ", dimToString(da), " but ", b, " is ", dimToString(db));
}

LogicalResult checkAtMost(const At &at, const Twine &a, DimExpr da, const Twine &b, DimExpr db) {
  if (succeeded(requireAtMost(da, db))) return success();
  return at.fail(a, " is ", dimToString(da), " but ", b, " is ", dimToString(db));
}

LogicalResult checkNotEmpty(const At &at, const Twine &what, DimExpr size, ArrayRef<DimExpr> readers) {
  MLIRContext *ctx = size.getContext();
  if (succeeded(requireAtMost(dimMin(dimProduct(ctx, readers), dimConstant(ctx, 1)), size))) return success();
  return at.fail(what, " is empty but elements of it are needed");
}

LogicalResult checkCount(const At &at, StringRef name, int64_t count, int64_t expected) {
  if (count == expected) return success();
  return at.fail(name, " has ", count, " values but needs ", expected);
}

LogicalResult checkAllAtLeast(const At &at, StringRef name, ArrayRef<int64_t> values, int64_t least) {
  for (int64_t v : values)
    if (v < least) return at.fail(name, " holds ", v, " but must be at least ", least);
  return success();
}

LogicalResult checkWindow(const At &at, int64_t spatial, ArrayRef<int64_t> strides, ArrayRef<int64_t> pads,
                          ArrayRef<int64_t> dilations) {
  if (failed(checkCount(at, "strides", strides.size(), spatial)) ||
      failed(checkCount(at, "pads", pads.size(), 2 * spatial)) ||
      failed(checkCount(at, "dilations", dilations.size(), spatial)) ||
      failed(checkAllAtLeast(at, "strides", strides, 1)) ||
      failed(checkAllAtLeast(at, "dilations", dilations, 1)))
    return failure();
  return success();
}

} // namespace girih
