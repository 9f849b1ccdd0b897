// girih-opt: parses IR, runs passes of ours and of MLIR on it, and prints the result. For tests and for
// looking into things.
#include "backends/Target.h"
#include "compiler/Dialects.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Buffers/Passes.h"
#include "passes/Graph/Passes.h"
#include "passes/GraphToLinalg/Passes.h"
#include "passes/Host/Passes.h"
#include "passes/Math/Passes.h"
#include "passes/Naive/Passes.h"
#include "passes/Tile/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  girih::registerDialects(registry);
  mlir::registerTransformsPasses(); // canonicalize, cse, inline, symbol-dce, ...
  girih::registerBuffersPasses();
  girih::registerGirihGraphPasses();
  girih::registerGraphStages();
  girih::registerGraphToLinalgPasses();
  girih::registerNaivePasses();
  girih::registerGirihTilePasses();
  girih::registerGirihMathPasses();
  girih::registerGirihHostPasses();
  girih::registerTargetPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "girih optimizer driver\n", registry));
}
