// Linear index forms. The tile stage describes every access as a sum of loop variables times (possibly
// symbolic) coefficients, so that merging loops, finding contiguous lanes and packing are questions about
// numbers.
#pragma once

#include "dialects/Graph/Dims.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

namespace girih {

/// Variable 0 is the lane number inside a vector; the others are loop variables.
constexpr unsigned kLane = 0;

/// constant + sum of coefficient * variable.
struct Lin {
  llvm::SmallVector<std::pair<unsigned, DimExpr>, 4> terms; // sorted by variable
  DimExpr constant;

  static Lin ofConstant(DimExpr c) { return {{}, c}; }
  static Lin ofVariable(unsigned v, mlir::MLIRContext *ctx) {
    return {{{v, dimConstant(ctx, 1)}}, dimConstant(ctx, 0)};
  }
  bool isConstant() const { return terms.empty(); }
  /// The coefficient of a variable, null where it does not occur.
  DimExpr coefficient(unsigned v) const {
    for (auto &[var, c] : terms)
      if (var == v) return c;
    return {};
  }
  bool has(unsigned v) const { return static_cast<bool>(coefficient(v)); }
  Lin without(unsigned v) const {
    Lin r = *this;
    llvm::erase_if(r.terms, [&](auto &t) { return t.first == v; });
    return r;
  }
  bool operator==(const Lin &o) const { return terms == o.terms && constant == o.constant; }
};

Lin operator+(const Lin &a, const Lin &b);
Lin operator*(const Lin &a, DimExpr s);

/// An index: a linear part plus a value known only at run time (a scalar, or one a lane).
struct Idx {
  Lin lin;
  mlir::Value dyn = {};
  bool dynLanes = false;
  bool hasLanes() const { return dynLanes || lin.has(kLane); }
  bool operator==(const Idx &o) const { return lin == o.lin && dyn == o.dyn; }
};

} // namespace girih
