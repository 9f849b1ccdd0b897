// Turns every diagnostic of a compilation into one form: `error: FILE: node 'NAME' (OPERATOR): MESSAGE`.
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

namespace girih {

/// `FILE: node 'NAME' (OPERATOR): `, as far as `loc` knows them.
std::string describeLocation(mlir::Location loc, llvm::StringRef file);

/// While it lives, prints the first error of the context (the later ones are its consequences, or repetitions
/// from other threads; they are counted), and every warning. Remarks are printed where asked for.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, std::string file, bool remarks,
                    llvm::raw_ostream &os = llvm::errs());
  ~DiagnosticPrinter();
  bool hadErrors() const { return errors != 0; }

private:
  void handle(mlir::Diagnostic &diagnostic);
  std::string file;
  bool remarks;
  llvm::raw_ostream &os;
  unsigned errors = 0;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace girih
