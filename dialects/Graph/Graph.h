// The girih dialect: graph operators on tensors with symbolic dimensions.
#pragma once

#include "dialects/Graph/Dims.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace girih {

/// What an op can be in a kernel; GraphOps.td says it of each op.
enum class OpRole {
  Outside,     // constants, views, what is a kernel already
  Contraction, // matmul, conv, conv_transpose
  Pool,
  Row, // reductions, softmax, norms
  Elementwise,
  Movement, // transpose, slice, expand: reads one operand through an affine map
  Indexed,  // reads its operands at computed places: gather, resize, pad, concat, ...
  Alone,    // what no linalg.generic can say: a graph op, alone in its kernel, until passes/Tile emits it
};

template <OpRole role> struct KernelRole {
  template <typename ConcreteOp>
  class Impl : public mlir::OpTrait::TraitBase<ConcreteOp, KernelRole<role>::template Impl> {};
};

OpRole getRole(mlir::Operation *op);

template <unsigned operand> struct HasCoordinates {
  template <typename ConcreteOp>
  class Impl : public mlir::OpTrait::TraitBase<ConcreteOp, HasCoordinates<operand>::template Impl> {};
};

/// Whether the operand is a tensor of coordinates (Coordinates<> in GraphOps.td).
bool holdsCoordinates(mlir::OpOperand &operand);

/// The model's name of a node, the first one where a location has several; empty where it has none.
llvm::StringRef getNodeName(mlir::Location loc);

} // namespace girih

#include "dialects/Graph/GraphEnums.h.inc"

#include "dialects/Graph/GraphDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Graph/GraphAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/Graph/GraphOps.h.inc"

namespace girih {

template <typename... Ops> struct OpClasses {
  /// Calls `fn` with `op` as the class that it is, if `fn` takes that class; returns whether it did.
  template <typename Fn> static bool visit(mlir::Operation *op, Fn fn) {
    auto tryClass = [&]<typename Op>(std::type_identity<Op>) {
      if constexpr (std::is_invocable_v<Fn &, Op>)
        if (auto o = mlir::dyn_cast<Op>(op)) return fn(o), true;
      return false;
    };
    return (tryClass(std::type_identity<Ops>()) || ...);
  }
};
/// All ops of the dialect: what is written for an op as an overload is found by its class, without a list of
/// the ops that have one.
using GraphOpClasses = OpClasses<
#define GET_OP_LIST
#include "dialects/Graph/GraphOps.cpp.inc"
    >;

} // namespace girih
