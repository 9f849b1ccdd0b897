// From a model's file to the girih dialect.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

namespace girih {

struct ImportOptions {
  /// Named dimensions that are pinned to a value (`--dim batch=1`).
  llvm::StringMap<int64_t> dims;
  /// Weights that are listed as inputs, too, are constants (`--freeze-initializers`).
  bool freezeInitializers = false;
  /// Weights may be behind links that lead out of the model's folder (`--follow-links`).
  bool followLinks = false;
};

/// Reads an ONNX or JSON model and returns a module with `@main` (docs/architecture.md, "Import"). Weights
/// point into memory that the module's blobs keep alive. Errors are diagnostics: at the node's location where
/// there is one, else at an unknown location; they do not repeat the file's name.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importModel(mlir::MLIRContext *context, llvm::StringRef path, const ImportOptions &options);

/// Writes the model at `from` to `to`: ONNX to JSON, JSON to ONNX, or either to itself. `externalData` as in
/// `girih convert --external-data=on|off`; unset, large weights go beside JSON files, and ONNX files over 2
/// GB.
llvm::LogicalResult convertModel(llvm::StringRef from, llvm::StringRef to, std::optional<bool> externalData,
                                 bool followLinks, std::string &error);

} // namespace girih
