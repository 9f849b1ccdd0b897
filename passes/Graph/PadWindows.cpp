// Borders of windows become pads in front of them.
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Graph/Constants.h"
#include "passes/Graph/Passes.h"
#include "llvm/ADT/DenseMap.h"

namespace girih {
#define GEN_PASS_DEF_PADWINDOWS
#include "passes/Graph/Passes.h.inc"
} // namespace girih

using namespace mlir;
using namespace girih;

namespace {

/// The lowest value of an element type.
Attribute lowestValue(Type elementType) {
  if (auto f = dyn_cast<FloatType>(elementType)) {
    const llvm::fltSemantics &semantics = f.getFloatSemantics();
    return FloatAttr::get(f, APFloat::semanticsHasInf(semantics)
                                 ? APFloat::getInf(semantics, /*Negative=*/true)
                                 : APFloat::getLargest(semantics, /*Negative=*/true));
  }
  unsigned width = elementType.getIntOrFloatBitWidth();
  bool isSigned = !elementType.isUnsignedInteger() && width > 1;
  return IntegerAttr::get(elementType,
                          isSigned ? APInt::getSignedMinValue(width) : APInt::getMinValue(width));
}

class WindowPadder {
public:
  WindowPadder(func::FuncOp func, bool readsInPlace)
      : func(func), readsInPlace(readsInPlace), b(func.getContext()) {}

  unsigned run() {
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
      if (auto conv = dyn_cast<ConvOp>(op))
        padConv(conv);
      else if (auto pool = dyn_cast<PoolOp>(op))
        padPool(pool);
    }
    for (Operation *op : replacedPads)
      if (op->use_empty()) op->erase();
    return numPads;
  }

private:
  struct Border {
    SmallVector<DimExpr> low, dims; // over all dimensions of the padded tensor
    bool empty = true;
  };

  /// The border of a channels-last window. `overhang`: windows may reach past the pads, up to `out`.
  Border getBorder(Value x, ArrayRef<DimExpr> out, ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                   ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads) {
    Border border;
    border.dims = getDims(x);
    border.low.assign(border.dims.size(), dimConstant(b.getContext(), 0));
    for (size_t i = 0, n = kernel.size(); i < n; ++i) {
      DimExpr in = border.dims[i + 1], padded = dimSimplify(in + pads[i] + pads[n + i]);
      // The last row that a window reads: pads beyond it are left out, windows beyond the pads read more of
      // the border.
      int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
      DimExpr read = dimSimplify((out[i + 1] - 1) * strides[i] + extent);
      DimExpr floorOut = dimSimplify((padded - extent).floorDiv(strides[i]) + 1);
      if (auto r = dimValue(read), v = dimValue(in); r && v)
        padded = dimConstant(b.getContext(), std::max(*r, *v + pads[i]));
      else if (floorOut != dimSimplify(out[i + 1]))
        padded = dimSimplify(dimMax(padded, read));
      border.low[i + 1] = dimConstant(b.getContext(), pads[i]);
      border.dims[i + 1] = padded;
      border.empty &= padded == dimSimplify(in);
    }
    return border;
  }

  /// `x` with the border filled with `value`; one pad for all readers that want the same.
  Value pad(Value x, const Border &border, Attribute value, Location loc) {
    auto type = cast<RankedTensorType>(x.getType());
    auto padded = getTensorType(border.dims, type.getElementType());
    auto low = DimsAttr::get(b.getContext(), border.low);
    SmallVector<Pad, 1> &known = pads[x];
    for (const Pad &p : known)
      if (p.type == padded && p.low == low && p.value == value) return p.result;
    Value source = x;
    // A pad of the same kind in front (what TensorFlow's exporters write) is taken up.
    SmallVector<DimExpr> lows = border.low;
    if (auto inner = x.getDefiningOp<PadOp>(); inner && onlyEnlarges(inner) && fillOf(inner) == value) {
      source = inner.getOperand();
      for (auto [l, i] : llvm::zip(lows, inner.getLow().getDims()))
        l = dimSimplify(l + i);
      replacedPads.insert(inner);
    }
    Value fill;
    if (value != zeroOf(type.getElementType())) {
      auto attr = DenseElementsAttr::get(RankedTensorType::get({}, type.getElementType()), value);
      fill = ConstantOp::create(b, loc, cast<ElementsAttr>(attr));
    }
    auto op =
        PadOp::create(b, loc, padded, source, fill, DimsAttr::get(b.getContext(), lows), PadMode::constant);
    known.push_back({padded, low, value, op.getResult()});
    ++numPads;
    return op.getResult();
  }

  Attribute zeroOf(Type elementType) { return b.getZeroAttr(elementType); }

  /// What a constant pad fills with, or null where that is computed.
  Attribute fillOf(PadOp op) {
    Type elementType = cast<RankedTensorType>(op.getType()).getElementType();
    if (!op.getValue()) return zeroOf(elementType);
    auto dense = dyn_cast_or_null<DenseElementsAttr>(constantValue(op.getValue()));
    return dense && dense.isSplat() ? dense.getSplatValue<Attribute>() : Attribute();
  }

  /// A constant pad that crops nowhere.
  static bool onlyEnlarges(PadOp op) {
    if (op.getMode() != PadMode::constant) return false;
    for (auto [low, in, out] :
         llvm::zip(op.getLow().getDims(), getDims(op.getOperand()), getDims(op.getResult()))) {
      auto l = dimValue(low), high = dimValue(dimSimplify(out - in - low));
      if (!l || !high || *l < 0 || *high < 0) return false;
    }
    return true;
  }

  static bool anyPads(ArrayRef<int64_t> pads) {
    return llvm::any_of(pads, [](int64_t p) { return p != 0; });
  }

  static bool isDepthwise(ConvOp op) { return op.getGroup() > 1 && dimValue(getDims(op.getW())[1]) == 1; }

  void padConv(ConvOp op) {
    if (!op.getChannelsLast() || !anyPads(op.getPads()) || (readsInPlace && isDepthwise(op))) return;
    b.setInsertionPoint(op);
    auto x = cast<RankedTensorType>(op.getX().getType());
    ArrayRef<int64_t> kernel = cast<RankedTensorType>(op.getW().getType()).getShape().drop_front(2);
    if (llvm::any_of(kernel, ShapedType::isDynamic)) return;
    Border border = getBorder(op.getX(), getDims(op.getResult()), kernel, op.getStrides(), op.getDilations(),
                              op.getPads());
    if (!border.empty)
      op.getXMutable().assign(pad(op.getX(), border, zeroOf(x.getElementType()), op.getLoc()));
    op.setPads(SmallVector<int64_t>(op.getPads().size(), 0));
  }

  void padPool(PoolOp op) {
    if (!op.getChannelsLast() || readsInPlace) return;
    bool isMax = op.getFn() == PoolFn::max;
    if (!isMax && !(op.getFn() == PoolFn::average && op.getCountIncludePad() && anyPads(op.getPads())))
      return;
    b.setInsertionPoint(op);
    Type elementType = cast<RankedTensorType>(op.getX().getType()).getElementType();
    SmallVector<DimExpr> out = getDims(op.getResult());
    Border border =
        getBorder(op.getX(), out, op.getKernel(), op.getStrides(), op.getDilations(), op.getPads());
    // What lies past the pads does not count in an average.
    if (!isMax && reachesPastPads(op)) return;
    if (border.empty && !anyPads(op.getPads())) return;
    Attribute value = isMax ? lowestValue(elementType) : zeroOf(elementType);
    if (!border.empty) op.getXMutable().assign(pad(op.getX(), border, value, op.getLoc()));
    op.setPads(SmallVector<int64_t>(op.getPads().size(), 0));
  }

  static bool reachesPastPads(PoolOp op) {
    SmallVector<DimExpr> in = getDims(op.getX()), out = getDims(op.getResult());
    for (size_t i = 0, n = op.getKernel().size(); i < n; ++i) {
      int64_t extent = (op.getKernel()[i] - 1) * op.getDilations()[i] + 1, stride = op.getStrides()[i];
      DimExpr padded = in[i + 1] + (op.getPads()[i] + op.getPads()[n + i]);
      if (dimSimplify((padded - extent).floorDiv(stride) + 1) != dimSimplify(out[i + 1])) return true;
    }
    return false;
  }

  func::FuncOp func;
  bool readsInPlace;
  OpBuilder b;
  struct Pad {
    Type type;
    DimsAttr low;
    Attribute value;
    Value result;
  };
  llvm::DenseMap<Value, SmallVector<Pad, 1>> pads;
  llvm::SmallSetVector<Operation *, 4> replacedPads;
  unsigned numPads = 0;
};

struct PadWindowsPass : girih::impl::PadWindowsBase<PadWindowsPass> {
  using PadWindowsBase::PadWindowsBase;

  void runOnOperation() override {
    if (!getOperation().isExternal()) numPads += WindowPadder(getOperation(), readsInPlace).run();
  }
};

} // namespace
