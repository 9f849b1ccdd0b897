// Every dialect (and interface implementation) that some stage needs; shared by girih and girih-opt.
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace girih {
void registerDialects(mlir::DialectRegistry &registry);
} // namespace girih
