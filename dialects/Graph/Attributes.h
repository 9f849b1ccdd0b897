// The dialect's attributes on ops of other dialects, and on functions' arguments and results: their names and
// types, and what is verified of them. Ops of the dialect have attributes of their own instead.
#pragma once

#include "dialects/Graph/Graph.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace girih {

template <typename T> struct DiscardableAttr {
  llvm::StringLiteral name;

  T get(mlir::Operation *op) const { return op->getAttrOfType<T>(name); }
  void set(mlir::Operation *op, T value) const { op->setAttr(name, value); }
  void remove(mlir::Operation *op) const { op->removeAttr(name); }
  T getOfArgument(mlir::FunctionOpInterface function, unsigned i) const {
    return function.getArgAttrOfType<T>(i, name);
  }
  T getOfResult(mlir::FunctionOpInterface function, unsigned i) const {
    return function.getResultAttrOfType<T>(i, name);
  }
  mlir::NamedAttribute with(T value) const {
    return {mlir::StringAttr::get(value.getContext(), name), value};
  }
};

//===-- The module --------------------------------------------------------===//

inline constexpr DiscardableAttr<mlir::StringAttr> kModel{"girih.model"};
/// #girih.check: what the runtime has to see to before it runs.
inline constexpr DiscardableAttr<mlir::ArrayAttr> kChecks{"girih.checks"};
/// A #girih.dims for each buffer: bytes, first launch, last launch, offset or -1 where the runtime finds it.
inline constexpr DiscardableAttr<mlir::ArrayAttr> kArena{"girih.arena"};
inline constexpr DiscardableAttr<mlir::IntegerAttr> kArenaBytes{"girih.arena_bytes"};
inline constexpr DiscardableAttr<mlir::IntegerAttr> kArenaLowerBound{"girih.arena_lower_bound"};
inline constexpr DiscardableAttr<mlir::IntegerAttr> kNodes{"girih.nodes"};
inline constexpr DiscardableAttr<mlir::IntegerAttr> kParameters{"girih.parameters"};
inline constexpr DiscardableAttr<mlir::IntegerAttr> kMacs{"girih.macs"};

/// What the user expects of dimensions of inputs, by their names (`--guess`): only speed depends on it.
inline constexpr DiscardableAttr<mlir::DictionaryAttr> kGuesses{"girih.guesses"};

/// "f16" or "bf16": what f32 tensors between kernels have become (girih-set-precision).
inline constexpr DiscardableAttr<mlir::StringAttr> kPrecision{"girih.precision"};
/// "tf32": factors of f32 products may be rounded to 10 bits of mantissa.
inline constexpr DiscardableAttr<mlir::StringAttr> kProducts{"girih.products"};

/// 0 where the op does not say.
int64_t getNumber(mlir::Operation *op, const DiscardableAttr<mlir::IntegerAttr> &attr);

//===-- Functions ---------------------------------------------------------===//

/// @main's #girih.buffer, by the numbers that places use.
inline constexpr DiscardableAttr<mlir::ArrayAttr> kBuffers{"girih.buffers"};
/// func.return's #girih.place and #girih.ref, one for each operand.
inline constexpr DiscardableAttr<mlir::ArrayAttr> kPlaces{"girih.places"};
inline constexpr DiscardableAttr<mlir::ArrayAttr> kRefs{"girih.refs"};
/// An input's or output's name in the model.
inline constexpr DiscardableAttr<mlir::StringAttr> kName{"girih.name"};
/// The weight that an input is unless a run gives it.
inline constexpr DiscardableAttr<mlir::ElementsAttr> kDefault{"girih.default"};
/// The argument of a kernel's function that is its thread's own memory.
inline constexpr DiscardableAttr<mlir::UnitAttr> kScratch{"girih.scratch"};
/// The threads of a warp, which run in step: the least of a team.
inline constexpr int64_t kWarp = 32;
/// How many threads a task of a kernel's function takes, where it is not one; after the map, how many a block
/// has.
inline constexpr DiscardableAttr<mlir::IntegerAttr> kThreads{"girih.threads"};
/// How many bytes of dynamic shared memory a block of it has; none where it does not say.
inline constexpr DiscardableAttr<mlir::IntegerAttr> kShared{"girih.shared"};

//===-- Ops ---------------------------------------------------------------===//

/// A tensor.extract whose tensor may have no elements: what is read is then dropped.
inline constexpr DiscardableAttr<mlir::UnitAttr> kIfAny{"girih.if_any"};
/// The integers of an op that is alone in its kernel, on storage types, are unsigned.
inline constexpr DiscardableAttr<mlir::UnitAttr> kUnsigned{"girih.unsigned"};
/// Of a target's plan: the tasks of an op that is alone in its kernel are its elements, or lines along its
/// axis, each of which looks for what concerns it. Without, they are what is independent anyway: indices
/// before the axis.
inline constexpr DiscardableAttr<mlir::UnitAttr> kByElement{"girih.by_element"};
/// On the reshapes that the other operands of a moved op get: these stay, or two operands would be reshaped
/// to each other's shape in turns.
inline constexpr DiscardableAttr<mlir::UnitAttr> kStays{"girih.stays"};

//===-- Verification ------------------------------------------------------===//

/// `list` (named `what`) has one attribute for each operand and result.
mlir::LogicalResult verifyCount(mlir::Operation *op, llvm::StringRef what, mlir::ArrayAttr list);
/// Place `i` of an op has a stride for each dimension of its value.
mlir::LogicalResult verifyPlace(mlir::Operation *op, PlaceAttr place, unsigned i, mlir::Type type);
/// A kernel's or launch's places, if it has them, and the inputs that it may write over.
mlir::LogicalResult verifyPlacement(mlir::Operation *op, mlir::ArrayAttr places,
                                    std::optional<llvm::ArrayRef<int64_t>> inPlace);

} // namespace girih
