// Pointers that a kernel is called with as the flat memrefs that its body reads.
#pragma once

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace girih {

/// A memref of one dimension over a pointer, of the default address space, of the LLVM dialect: a descriptor
/// whose size is unknown and never read. The conversion to the LLVM dialect removes it.
mlir::Value makeFlatMemRef(mlir::OpBuilder &b, mlir::Location loc, mlir::Value pointer,
                           mlir::MemRefType type);

} // namespace girih
